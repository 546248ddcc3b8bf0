import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Repository } from "../model/reference.ts";

/** Names a watch: `group` is the table's PartitionKey, `name` its RowKey. */
export interface WatchId {
  readonly group: string;
  readonly name: string;
}

/** The pseudo-watch that imports asked for by hand belong to. No row may use its group. */
export const manualWatch: WatchId = { group: "manual", name: "requests" };

// Narrow on purpose: fits table keys, URLs, file names and the separators / and ~ without escaping.
const pattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function parseWatchId(group: string, name: string): WatchId {
  for (const [what, text] of [
    ["group (PartitionKey)", group],
    ["name (RowKey)", name],
  ] as const) {
    if (!pattern.test(text)) {
      throw new Failure(
        "invalid",
        `The ${what} "${printable(text)}" is not usable: lower-case letters, digits and inner hyphens, at most 63 characters`,
      );
    }
  }
  if (group === manualWatch.group) {
    throw new Failure(
      "invalid",
      `The group "${group}" is reserved for imports asked for by hand: choose another`,
    );
  }
  return { group, name };
}

/** Reads `group/name`; without a group it is `default`. */
export function parseWatchPath(text: string): WatchId {
  const [first = "", second, ...rest] = text.split("/");
  if (rest.length > 0)
    throw new Failure("invalid", `"${printable(text)}" is not a watch: expected group/name`);
  return second === undefined ? parseWatchId("default", first) : parseWatchId(first, second);
}

/** Whether a text could name a watch. */
export function isWatchPath(text: string): boolean {
  const parts = text.split("/");
  return parts.length <= 2 && parts.every((part) => pattern.test(part));
}

/** The name that a watch has unless told otherwise: the last part of its source. */
export function nameFor({ path }: Repository): string {
  const name = path.slice(path.lastIndexOf("/") + 1).replaceAll(/[._]+/g, "-");
  return name.replaceAll(/-+/g, "-").slice(0, 63).replace(/-$/, "");
}

/** `group/name`, for people. */
export function formatWatchId({ group, name }: WatchId): string {
  return `${group}/${name}`;
}

/** `group~name`, as a table key; `~` sorts after every character that a group may have. */
export function watchKey({ group, name }: WatchId): string {
  return `${group}~${name}`;
}

export function parseWatchKey(key: string): WatchId {
  const tilde = key.indexOf("~");
  return { group: key.slice(0, tilde), name: key.slice(tilde + 1) };
}
