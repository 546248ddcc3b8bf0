import { Failure } from "../model/failure.ts";

/** One way in that a 401 offers; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const separators = /[\s,]*/y;
const scheme = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=\s|,|$)/y;
const token68 = /\s+[A-Za-z0-9._~+/-]+=*\s*(?=,|$)/y;
// Unquoted values are taken up to the next comma: some registries forget the quotes around a scope.
const parameter = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?=,|$)/y;

/** More than any registry offers. */
const mostChallenges = 32;

/**
 * Reads a WWW-Authenticate header with up to 32 challenges. Throws `protocol` when it cannot be read, has more, or names
 * a parameter of one challenge twice.
 * Source: RFC 9110, section 11.6.1.
 */
export function parseChallenges(header: string | undefined): readonly Challenge[] {
  const text = header ?? "";
  const challenges: Challenge[] = [];
  let at = take(separators, text, 0)?.[0].length ?? 0;
  while (at < text.length) {
    const name = take(scheme, text, at);
    if (name?.[1] === undefined || challenges.length === mostChallenges) throw unreadable();
    at += name[0].length;
    const parameters = new Map<string, string>();
    for (let next = take(parameter, text, at); next?.[1] !== undefined; next = take(parameter, text, at)) {
      const key = next[1].toLowerCase();
      if (parameters.has(key)) throw unreadable();
      parameters.set(key, next[2]?.replace(/\\(.)/g, "$1") ?? next[3] ?? "");
      at += next[0].length;
    }
    if (parameters.size === 0) at += take(token68, text, at)?.[0].length ?? 0;
    challenges.push({ scheme: name[1].toLowerCase(), parameters });
    at += take(separators, text, at)?.[0].length ?? 0;
  }
  return challenges;
}

function take(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unreadable(): Failure {
  return new Failure("protocol", "the registry sent a WWW-Authenticate header that cannot be read");
}
