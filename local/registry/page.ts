import { OciError } from "./oci-error.ts";

export interface Page {
  readonly names: readonly string[];
  /** Where the next page begins: after this name. Absent on the last page. */
  readonly after?: string;
}

/** As many as Azure Container Registry gives at most. */
const maxPage = 1000;

/**
 * The page that `n` and `last` of a listing ask for, in the order that the specification sets: letters without regard
 * to case. 400 for an `n` that is not a count. Source: OCI distribution specification 1.1, "Listing Tags".
 */
export function pageOf(names: readonly string[], query: URLSearchParams): Page {
  const size = Math.min(parseCount(query.get("n")), maxPage);
  const last = query.get("last");
  const rest = names.filter((name) => last === null || last === "" || compare(name, last) > 0).sort(compare);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  return rest.length > page.length && end !== undefined ? { names: page, after: end } : { names: page };
}

/** The `Link` header of a page, if another follows it. */
export function nextLink(path: string, page: Page, query: URLSearchParams): Readonly<Record<string, string>> {
  if (page.after === undefined) return {};
  const next = new URLSearchParams({ n: query.get("n") ?? String(maxPage), last: page.after });
  return { Link: `<${path}?${next}>; rel="next"` };
}

function parseCount(text: string | null): number {
  if (text === null) return maxPage;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new OciError(400, "PAGINATION_NUMBER_INVALID", "n must be a whole number, 0 or more");
}

function compare(a: string, b: string): number {
  return order(a.toLowerCase(), b.toLowerCase()) || order(a, b);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
