/**
 * Foreign text as one visible line: control characters, line breaks and tabs become a blank; bidirectional overrides,
 * zero-width characters and lone surrogates vanish; at most `limit` characters, then an ellipsis. Still to be escaped for HTML.
 */
export function plain(text: string, limit = 300): string {
  // Cut first, so that a huge text costs nothing; what vanishes afterwards only makes it shorter.
  const line = text
    .slice(0, limit * 4)
    .replace(/[\p{Cc}\p{Z}]+/gu, " ")
    .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, "")
    .trim();
  const characters = [...line];
  return characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : line;
}

/** Escapes for HTML text and double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A link that is safe to click, normalised: http or https, without user name and password; else undefined. */
export function webLink(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 2_000 || !URL.canParse(text)) return undefined;
  const { protocol, username, password, href } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "" ? href : undefined;
}
