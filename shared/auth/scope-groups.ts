import type { Scope } from "../registry/authorizer.ts";

const largestGroup = 20;
/** Characters of all scopes of a group, so that they fit into a URL. */
const longestGroup = 4000;
/** After so many groups that came to nothing, a token service is taken for one that grants one scope at a time. */
const mostFailures = 5;
const mostScopes = 20_000;

/** Which scopes one token is asked for together. */
export interface ScopeGroups {
  /** Puts scopes that will be asked for into groups; leaves those be that are well grouped. */
  add(scopes: readonly Scope[]): void;
  /** The group of the only one of `scopes`; several are a group already, and one may be alone. */
  of(scopes: readonly Scope[]): readonly Scope[];
  /** The group that was announced right after this one, and will be asked for as well. */
  after(group: readonly Scope[]): readonly Scope[] | undefined;
  /** The token service refused this group: its halves come next, so that one bad scope does not cost the others theirs. */
  split(group: readonly Scope[]): void;
  /**
   * A token that was granted for a group did not do for this one of its scopes: it is asked for alone from now on. False
   * when it was in no group. `forbidden` tells nothing of other scopes.
   */
  part(scopes: readonly Scope[], why: "refused" | "forbidden"): boolean;
}

export function createScopeGroups(): ScopeGroups {
  const groups = new Map<Scope, readonly Scope[]>();
  const followers = new WeakMap<readonly Scope[], readonly Scope[]>();
  const loners = new Set<Scope>();
  let failures = 0;

  return {
    add(scopes) {
      if (failures >= mostFailures) return;
      const wanted = [...new Set(scopes)].filter((scope) => !loners.has(scope));
      const held = new Set(wanted.map((scope) => groups.get(scope)));
      if (!held.has(undefined) && held.size <= 2 * Math.ceil(wanted.length / largestGroup)) return;
      if (groups.size + wanted.length > mostScopes) groups.clear();
      let previous: readonly Scope[] | undefined;
      for (const group of parted(wanted)) {
        put(group);
        if (previous !== undefined) followers.set(previous, group);
        previous = group;
      }
    },
    of: groupOf,
    after: (group) => followers.get(group),
    split(group) {
      const [first] = group;
      // Another asker has split it meanwhile.
      if (first === undefined || groups.get(first) !== group) return;
      if (group.length <= 2) return void fail(group);
      const middle = Math.ceil(group.length / 2);
      for (const half of [group.slice(0, middle), group.slice(middle)])
        if (half.length === 1) leave(half);
        else put(half);
    },
    part(scopes, why) {
      if (groupOf(scopes).length === scopes.length) return false;
      if (why === "refused") fail(scopes);
      else leave(scopes);
      return true;
    },
  };

  function groupOf(scopes: readonly Scope[]): readonly Scope[] {
    const [scope] = scopes;
    return scope === undefined || scopes.length > 1 ? scopes : (groups.get(scope) ?? scopes);
  }

  function put(group: readonly Scope[]): void {
    for (const scope of group) groups.set(scope, group);
  }

  function leave(scopes: readonly Scope[]): void {
    for (const scope of scopes) {
      loners.add(scope);
      groups.delete(scope);
    }
  }

  function fail(scopes: readonly Scope[]): void {
    leave(scopes);
    if (++failures >= mostFailures) groups.clear();
  }
}

function* parted(scopes: readonly Scope[]): Generator<readonly Scope[]> {
  let group: Scope[] = [];
  let length = 0;
  for (const scope of scopes) {
    if (group.length === largestGroup || (group.length > 0 && length + scope.length > longestGroup)) {
      yield group;
      [group, length] = [[], 0];
    }
    group.push(scope);
    length += scope.length;
  }
  if (group.length > 0) yield group;
}
