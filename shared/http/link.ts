import { Failure } from "../model/failure.ts";

/**
 * The `rel=next` target of a Link header, resolved against the URL that answered; undefined when there is none. Throws
 * `protocol` for a header that cannot be read, `blocked` for a target on another origin.
 * Source: RFC 8288, section 3.
 */
export function nextLink(header: string | undefined, base: URL): URL | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  for (const { target, rels } of parseLinks(header, base)) {
    if (!rels.includes("next")) continue;
    const url = URL.parse(target, base.href);
    if (url === null) throw unreadable(base);
    if (url.origin !== base.origin) {
      throw new Failure(
        "blocked",
        `${base.host} continues its list at ${url.protocol}//${url.host}: pages must stay on one origin`,
        { context: { host: base.host } },
      );
    }
    url.hash = "";
    return url;
  }
  return undefined;
}

interface Link {
  readonly target: string;
  readonly rels: readonly string[];
}

const targetPattern = /[\s,]*<([^<>]*)>/y;
const parameterPattern =
  /\s*;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?/y;
const endPattern = /\s*(?:,|$)/y;

function parseLinks(header: string, base: URL): Link[] {
  const links: Link[] = [];
  let at = 0;
  while (/[^\s,]/.test(header.slice(at))) {
    const [wholeTarget, target] = matchAt(targetPattern, header, at) ?? [];
    if (wholeTarget === undefined || target === undefined) throw unreadable(base);
    at += wholeTarget.length;
    let rel: string | undefined;
    for (;;) {
      const parameter = matchAt(parameterPattern, header, at);
      if (parameter === null) break;
      at += parameter[0].length;
      // The first rel counts: RFC 8288, section 3.3.
      if (parameter[1]?.toLowerCase() === "rel")
        rel ??= parameter[2]?.replace(/\\(.)/g, "$1") ?? parameter[3];
    }
    const end = matchAt(endPattern, header, at);
    if (end === null) throw unreadable(base);
    at += end[0].length;
    links.push({ target, rels: (rel ?? "").toLowerCase().split(/\s+/) });
  }
  return links;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unreadable(base: URL): Failure {
  return new Failure("protocol", `${base.host} sent a Link header that cannot be read`, {
    context: { host: base.host },
  });
}
