import type { Digest } from "../../model/digest.ts";

/** What a manifest names, as far as removals are concerned. */
export interface Node {
  readonly children: readonly Digest[];
  readonly subject?: Digest;
  /** Manifests that refer to it; known only of what may be removed, and of its children. */
  readonly referrers: readonly Digest[];
}

/** A repository at the target: all its tags, also those that we do not know, and what their manifests name. */
export interface Contents {
  readonly tags: ReadonlyMap<string, Digest>;
  readonly nodes: ReadonlyMap<Digest, Node>;
}

/** A tag that may be removed; without one the manifest stands there by its digest alone. */
export interface Candidate {
  readonly tag?: string;
  readonly digest: Digest;
}

export type Fate =
  /** With the tags and the manifests that nothing else names: its own first, then what it names. */
  | { readonly kind: "remove"; readonly tags: readonly string[]; readonly manifests: readonly Digest[] }
  | { readonly kind: "keep"; readonly rule: "shared-tag" | "in-use"; readonly by: string };

/**
 * Pure: which candidates may go, and what goes with each. Whatever can be reached from a tag that stays, or from `roots`,
 * stays; a candidate that is reached makes what it names stay, too, until nothing changes.
 */
export function decideRemovals(
  contents: Contents,
  candidates: readonly Candidate[],
  roots: readonly Digest[],
): readonly Fate[] {
  const kept = new Map<Candidate, Extract<Fate, { kind: "keep" }>>();
  for (;;) {
    const going = candidates.filter((candidate) => !kept.has(candidate));
    const staying = stayingTags(contents, going);
    const reach = reachOf(contents, { staying, roots });
    const offending = going.flatMap((candidate) => {
      const fate = whyKept(candidate, { staying, reach });
      return fate === undefined ? [] : [[candidate, fate] as const];
    });
    if (offending.length === 0)
      return candidates.map((candidate) => kept.get(candidate) ?? removalOf(candidate, contents, reach));
    for (const [candidate, fate] of offending) kept.set(candidate, fate);
  }
}

/** The digest that a tag of cosign's, or of the referrers tag schema, belongs to; undefined for any other tag. */
export function subjectOfTag(tag: string): Digest | undefined {
  const hex = /^sha256-([0-9a-f]{64})(?:\.[a-z]{1,16})?$/.exec(tag)?.[1];
  return hex === undefined ? undefined : (`sha256:${hex}` as Digest);
}

/** A tag that belongs to a digest goes with it; where that one is not to go, it stays as any other tag does. */
function stayingTags(contents: Contents, going: readonly Candidate[]): ReadonlyMap<string, Digest> {
  const tags = new Set(going.map(({ tag }) => tag));
  const doomed = downFrom(going, contents, new Map());
  return new Map(
    [...contents.tags].filter(([tag]) => {
      if (tags.has(tag)) return false;
      const subject = subjectOfTag(tag);
      return subject === undefined || !doomed.has(subject);
    }),
  );
}

/** Everything that stays, with what makes it stay, as people would name it. */
function reachOf(
  contents: Contents,
  { staying, roots }: { readonly staying: ReadonlyMap<string, Digest>; readonly roots: readonly Digest[] },
): ReadonlyMap<Digest, string> {
  const reach = new Map<Digest, string>();
  const attached = attachedTo(contents);
  const open: (readonly [Digest, string])[] = [
    ...[...staying].map(([tag, digest]) => [digest, `the tag ${tag}`] as const),
    ...roots.map((digest) => [digest, "another import"] as const),
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [digest, by] = next;
    if (reach.has(digest)) continue;
    reach.set(digest, by);
    const node = contents.nodes.get(digest);
    const named = [...(node?.children ?? []), ...(node?.subject ? [node.subject] : [])];
    for (const each of [...named, ...(attached.get(digest) ?? [])]) open.push([each, by]);
  }
  return reach;
}

function whyKept(
  { digest }: Candidate,
  { staying, reach }: { staying: ReadonlyMap<string, Digest>; reach: ReadonlyMap<Digest, string> },
): Extract<Fate, { kind: "keep" }> | undefined {
  for (const [other, held] of staying)
    if (held === digest) return { kind: "keep", rule: "shared-tag", by: `the tag ${other}` };
  const by = reach.get(digest);
  return by === undefined ? undefined : { kind: "keep", rule: "in-use", by };
}

function removalOf(candidate: Candidate, contents: Contents, reach: ReadonlyMap<Digest, string>): Fate {
  const manifests = [...downFrom([candidate], contents, reach)];
  const going = new Set(manifests);
  const companions = [...contents.tags.keys()].filter((tag) => {
    const subject = subjectOfTag(tag);
    return tag !== candidate.tag && subject !== undefined && going.has(subject);
  });
  return {
    kind: "remove",
    tags: [...(candidate.tag === undefined ? [] : [candidate.tag]), ...companions],
    manifests,
  };
}

/** What the candidates name and what refers to it, not going on from what stays. In the order in which it is found. */
function downFrom(
  candidates: readonly Candidate[],
  contents: Contents,
  reach: ReadonlyMap<Digest, string>,
): ReadonlySet<Digest> {
  const found = new Set<Digest>();
  const attached = attachedTo(contents);
  const open = candidates.map(({ digest }) => digest);
  for (let digest = open.shift(); digest !== undefined; digest = open.shift()) {
    if (found.has(digest) || reach.has(digest)) continue;
    const node = contents.nodes.get(digest);
    // What is not there cannot go.
    if (node === undefined) continue;
    found.add(digest);
    open.push(...node.children, ...(attached.get(digest) ?? []));
  }
  return found;
}

/** What refers to a manifest: by its own word, by the registry's, or by its tag. It stays and goes with it. */
function attachedTo({ tags, nodes }: Contents): ReadonlyMap<Digest, ReadonlySet<Digest>> {
  const attached = new Map<Digest, Set<Digest>>();
  const attach = (digest: Digest, subject: Digest | undefined): void => {
    if (subject === undefined) return;
    const known = attached.get(subject);
    if (known === undefined) attached.set(subject, new Set([digest]));
    else known.add(digest);
  };
  for (const [digest, { subject, referrers }] of nodes) {
    attach(digest, subject);
    for (const referrer of referrers) attach(referrer, digest);
  }
  for (const [tag, digest] of tags) attach(digest, subjectOfTag(tag));
  return attached;
}
