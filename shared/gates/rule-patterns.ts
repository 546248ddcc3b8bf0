import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { isRepositoryPath, parseHost } from "../model/reference.ts";
import { type NamePattern, parseNamePattern } from "./name-pattern.ts";

/**
 * A rule's `source`, for `host/path` as references are written here. One that no reference could match is a slip, by which what
 * the rule demands would be left to a later rule. Throws `invalid`.
 */
export function parseSourcePattern(text: string): NamePattern {
  const pattern = parseNamePattern("source", text);
  const slash = text.indexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? undefined : text.slice(slash + 1);
  const hasHost = /[.:*]/.test(host) || host === "localhost";
  if (!hasHost || (path === undefined && !text.includes("**")))
    throw wrong(
      "names no registry with a repository: write docker.io/library/nginx, docker.io/library/* or ghcr.io/**",
    );
  const known = host.includes("*") ? host.replace(/(?<=\..*):443$/, "") : parseHost(host);
  if (known !== host) throw wrong(`matches nothing, since references call that registry ${known}`);
  if (path === undefined) return pattern;
  // What any wildcard may stand for in a name.
  if (!isRepositoryPath(path.replaceAll(/\*+/g, "a")))
    throw wrong(`matches nothing, since "${printable(path)}" is no repository: leave out tags and digests`);
  if (host === "docker.io" && !path.includes("/") && !path.includes("**"))
    throw wrong(
      `matches nothing, since such repositories of Docker Hub are called docker.io/library/${printable(path)}`,
    );
  return pattern;

  function wrong(why: string): Failure {
    return new Failure("invalid", `source "${printable(text)}" ${why}`);
  }
}

/** A rule's `watch`, for `group/name` or `manual`. Throws `invalid`, also for one that no watch could match. */
export function parseWatchPattern(text: string): NamePattern {
  const pattern = parseNamePattern("watch", text);
  const [group = "", name, ...more] = text.split("/");
  const named = name !== undefined && more.length === 0 && group !== "manual";
  const possible = named || text.includes("**") || pattern.matches("manual");
  if (possible && /^[a-z0-9*/-]+$/.test(text)) return pattern;
  throw new Failure(
    "invalid",
    `watch "${printable(text)}" matches no watch: write group/name, group/*, or manual for what people ask for by hand`,
  );
}
