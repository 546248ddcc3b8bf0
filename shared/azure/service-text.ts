/**
 * A service's own words made fit for a message: one line of printable ASCII, without what stands before `@` (passwords) or
 * follows `?` (signatures) in a URL, at most `limit` characters. Cut in front, since the end of a log says why.
 */
export function serviceText(text: string, limit = 400): string {
  const line = text
    .replace(/(https?:\/\/)[^\s/"'?]*@/gi, "$1")
    .replace(/(https?:\/\/[^\s"'?]*)\?[^\s"']*/gi, "$1?…")
    .replace(/[^\x20-\x7e…]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  const ascii = line.replaceAll("…", "...");
  return ascii.length <= limit ? ascii : `...${ascii.slice(3 - limit)}`;
}
