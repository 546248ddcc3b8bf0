import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Digest, hexOf } from "../../shared/model/digest.ts";
import {
  type Candidate,
  type Contents,
  decideRemovals,
  type Node,
} from "../../shared/steps/retention/removal-graph.ts";
import { digestNamed } from "../support/records.ts";

type Named = Readonly<Record<string, { children?: string[]; subject?: string; referrers?: string[] }>>;

function contentsOf(tags: Readonly<Record<string, string>>, nodes: Named = {}): Contents {
  const digests = (names: readonly string[] = []) => names.map(digestNamed);
  const named = new Set([...Object.values(tags), ...Object.keys(nodes)]);
  return {
    tags: new Map(Object.entries(tags).map(([tag, name]) => [tag, digestNamed(name)])),
    nodes: new Map(
      [...named].map((name): [Digest, Node] => {
        const { children, subject, referrers } = nodes[name] ?? {};
        return [
          digestNamed(name),
          {
            children: digests(children),
            referrers: digests(referrers),
            ...(subject !== undefined && { subject: digestNamed(subject) }),
          },
        ];
      }),
    ),
  };
}

const sig = (name: string) => `sha256-${hexOf(digestNamed(name))}.sig`;

describe("what goes with a tag", () => {
  it.each<{
    readonly name: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly nodes?: Named;
    readonly remove: readonly string[];
    readonly roots?: readonly string[];
    /** Manifests and further tags that go with each, or the rule that keeps it. */
    readonly fates: readonly (readonly string[] | string)[];
  }>([
    { name: "its manifest", tags: { "1": "a", "2": "b" }, remove: ["1"], fates: [["a"]] },
    {
      name: "the children of its index, but those that another index names",
      tags: { "1": "a", "2": "b" },
      nodes: { a: { children: ["x", "y"] }, b: { children: ["y"] }, x: {}, y: {} },
      remove: ["1"],
      fates: [["a", "x"]],
    },
    {
      name: "its referrers and those of its children, not those of what stays",
      tags: { "1": "a", "2": "b" },
      nodes: {
        a: { children: ["x", "y"], referrers: ["s"] },
        b: { children: ["y"] },
        x: { referrers: ["t"] },
        y: { referrers: ["u"] },
        s: { subject: "a" },
        t: { subject: "x" },
        u: { subject: "y" },
      },
      remove: ["1"],
      fates: [["a", "x", "s", "t"]],
    },
    {
      name: "cosign's tags of its manifests, with their manifests",
      tags: { "1": "a", "2": "b", [sig("a")]: "s", [sig("x")]: "t", [sig("b")]: "u" },
      nodes: { a: { children: ["x"] }, x: {} },
      remove: ["1"],
      fates: [["a", "x", "s", "t", sig("a"), sig("x")]],
    },
    {
      name: "nothing while another tag has its digest",
      tags: { "1": "a", stable: "a" },
      remove: ["1"],
      fates: ["shared-tag"],
    },
    {
      name: "its digest when all its tags go",
      tags: { "1": "a", "1.0": "a" },
      remove: ["1", "1.0"],
      fates: [["a"], ["a"]],
    },
    {
      name: "nothing while an index that stays names it",
      tags: { "1-amd64": "x", "1": "a" },
      nodes: { a: { children: ["x"] } },
      remove: ["1-amd64"],
      fates: ["in-use"],
    },
    {
      name: "nothing while the index that names it is kept for another tag",
      tags: { "1-amd64": "x", "1": "a", stable: "a" },
      nodes: { a: { children: ["x"] } },
      remove: ["1-amd64", "1"],
      fates: ["in-use", "shared-tag"],
    },
    {
      name: "nothing while an artifact that stays refers to it",
      tags: { "1": "a", report: "r" },
      nodes: { r: { subject: "a" } },
      remove: ["1"],
      fates: ["in-use"],
    },
    {
      name: "nothing while it refers to an image that stays",
      tags: { "1": "a", report: "r" },
      nodes: { r: { subject: "a" } },
      remove: ["report"],
      fates: ["in-use"],
    },
    {
      name: "nothing when it is cosign's tag of an image that stays",
      tags: { "1": "a", [sig("a")]: "s" },
      remove: [sig("a")],
      fates: ["in-use"],
    },
    {
      name: "nothing while another import stands there by its digest",
      tags: { "1": "a" },
      roots: ["a"],
      remove: ["1"],
      fates: ["in-use"],
    },
    {
      name: "not cosign's tag of an image that is nowhere to be seen",
      tags: { "1": "a", [sig("elsewhere")]: "s" },
      nodes: { s: { children: ["x"] }, a: { children: ["x"] }, x: {} },
      remove: ["1"],
      fates: [["a"]],
    },
    {
      name: "not a child that is not there",
      tags: { "1": "a" },
      nodes: { a: { children: ["x"] } },
      remove: ["1"],
      fates: [["a"]],
    },
  ])("is $name", ({ tags, nodes, remove, roots = [], fates }) => {
    const contents = contentsOf(tags, nodes);
    const candidates = remove.map((tag) => ({ tag, digest: digestNamed(tags[tag] ?? "") }));
    const decided = decideRemovals(contents, candidates, roots.map(digestNamed));
    const told = decided.map((fate, at) =>
      fate.kind === "keep"
        ? fate.rule
        : new Set([...fate.manifests, ...fate.tags.filter((tag) => tag !== remove[at])]),
    );
    const wanted = fates.map((each) =>
      typeof each === "string"
        ? each
        : new Set(each.map((name) => (name.startsWith("sha256-") ? name : digestNamed(name)))),
    );
    expect(told).toEqual(wanted);
  });

  it("is its own manifest first, for one that stands there by its digest alone", () => {
    const contents = contentsOf({ "1": "b" }, { a: { children: ["x"], referrers: ["s"] }, x: {}, s: {} });
    expect(decideRemovals(contents, [{ digest: digestNamed("a") }], [])).toEqual([
      { kind: "remove", tags: [], manifests: ["a", "x", "s"].map(digestNamed) },
    ]);
  });
});

// Acyclic: a manifest names only those with a higher number, since a digest cannot be known before its content.
const size = 10;
const names = Array.from({ length: size }, (_, at) => `m${at}`);
const repository = fc.record({
  edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1), fc.constantFrom("child", "subject")), {
    maxLength: 16,
  }),
  tags: fc.array(fc.tuple(fc.constantFrom("t0", "t1", "t2", "t3", "t4", "t5"), fc.nat(size - 1)), {
    maxLength: 8,
  }),
  companions: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 3 }),
  remove: fc.subarray(["t0", "t1", "t2", "t3", "t4", "t5"]),
  roots: fc.array(fc.nat(size - 1), { maxLength: 1 }),
});

it("nothing that can be reached from what stays is ever removed, whatever the repository looks like", () => {
  fc.assert(
    fc.property(repository, ({ edges, tags, companions, remove, roots }) => {
      const nodes: Record<string, { children: string[]; subject?: string; referrers: string[] }> = {};
      for (const name of names) nodes[name] = { children: [], referrers: [] };
      for (const [from, to, kind] of edges) {
        if (from >= to) continue;
        const [above, below] = [nodes[`m${from}`], nodes[`m${to}`]];
        if (above === undefined || below === undefined) continue;
        if (kind === "child") above.children.push(`m${to}`);
        else if (above.subject === undefined) {
          above.subject = `m${to}`;
          below.referrers.push(`m${from}`);
        }
      }
      const tagged = Object.fromEntries([
        ...tags.map(([tag, at]) => [tag, `m${at}`]),
        ...companions.map(([subject, at]) => [sig(`m${subject}`), `m${at}`]),
      ]) as Record<string, string>;
      const contents = contentsOf(tagged, nodes);
      const candidates = remove.flatMap((tag): Candidate[] => {
        const name = tagged[tag];
        return name === undefined ? [] : [{ tag, digest: digestNamed(name) }];
      });
      const fates = decideRemovals(
        contents,
        candidates,
        roots.map((at) => digestNamed(`m${at}`)),
      );

      const goneTags = new Set(fates.flatMap((fate) => (fate.kind === "remove" ? fate.tags : [])));
      const gone = new Set(fates.flatMap((fate) => (fate.kind === "remove" ? fate.manifests : [])));
      const asked = new Set(candidates.map(({ tag }) => tag));
      for (const tag of goneTags) {
        // A tag goes when it was asked for, or when it belongs to a manifest that goes.
        const subject = names.find((name) => sig(name) === tag);
        expect(asked.has(tag) || (subject !== undefined && gone.has(digestNamed(subject)))).toBe(true);
      }
      const open = [
        ...[...contents.tags].flatMap(([tag, digest]) => (goneTags.has(tag) ? [] : [digest])),
        ...roots.map((at) => digestNamed(`m${at}`)),
      ];
      const seen = new Set<Digest>();
      for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
        if (seen.has(digest)) continue;
        seen.add(digest);
        expect(gone.has(digest)).toBe(false);
        const node = contents.nodes.get(digest);
        open.push(...(node?.children ?? []), ...(node?.subject ? [node.subject] : []));
        // What refers to it stays as well, by whichever way it does.
        open.push(...(node?.referrers ?? []));
      }
      for (const [at, fate] of fates.entries())
        if (fate.kind === "remove") expect(fate.manifests[0]).toBe(candidates[at]?.digest);
    }),
    { numRuns: 3000 },
  );
});
