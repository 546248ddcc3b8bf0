import type { Digest } from "../model/digest.ts";
import { type CosignSuffix, cosignTagsOf, fallbackTagOf } from "./cosign-tags.ts";
import { isWanted, judgeReferrer } from "./judge-referrer.ts";
import { forEachLimited } from "./limited.ts";
import { kindOfType, type ReferrerKind } from "./referrer-kinds.ts";
import type { Registry } from "./registry.ts";

/** A manifest that says something of another one. */
export interface Referrer {
  readonly digest: Digest;
  /** What it refers to: the image, a child of its index, or a referrer of these. */
  readonly subject: Digest;
  /** cosign's tag, under which it stands; else `sha256-<hex>` of the subject, and it stands by its digest alone. */
  readonly tag: string;
  readonly place: "tag" | "digest";
}

export interface ReferrerQuestion {
  readonly registry: Pick<Registry, "host" | "headManifest" | "getManifest" | "listReferrers">;
  readonly repository: string;
  /** The image, and the children of its index. */
  readonly subjects: readonly Digest[];
  /** Further children, of which cosign's tags alone are looked for. */
  readonly byTag?: readonly Digest[];
  readonly wanted: readonly (ReferrerKind | "all")[];
  /** The repository's tags that begin with a digest, where they were listed: otherwise cosign's are asked for one by one. */
  readonly tags?: ReadonlySet<string>;
  /** Whether it need not be read and judged again. What refers to it is looked for all the same. */
  readonly isKnown: (referrer: Referrer) => Promise<boolean>;
}

export interface ReferrerAnswer {
  readonly wanted: readonly Referrer[];
  /** How many there are that are known already. */
  readonly known: number;
  /** What must not be brought in, and why, as a sentence without a full stop. */
  readonly refused: readonly (Referrer & { readonly reason: string })[];
  /** How many more there are than are read or brought in at a time. */
  readonly beyond: number;
}

const deepest = 3;
const mostWanted = 200;
const mostReads = 400;
const mostBytes = 1024 * 1024 * 1024;
const questionsAtOnce = 4;

interface Candidate extends Referrer {
  readonly suffix?: CosignSuffix;
  /** What it must be, for one that is not worth reading when nobody wants that. */
  readonly hint?: ReferrerKind;
}

/**
 * Looks for what refers to an image: by the registry's list of referrers and by cosign's tags, and for what refers to that, three
 * levels deep; nothing refers to signatures. Each is read and judged by what it holds: nobody else's word is taken for it.
 */
export async function findReferrers(
  question: ReferrerQuestion,
  signal: AbortSignal,
): Promise<ReferrerAnswer> {
  const wanted: Referrer[] = [];
  const refused: (Referrer & { reason: string })[] = [];
  const visited = new Set<Digest>([...question.subjects, ...(question.byTag ?? [])]);
  let [known, taken, reads, bytes, beyond] = [0, 0, 0, 0, 0];
  let level: readonly Digest[] = question.subjects;
  for (let depth = 1; depth <= deepest && level.length > 0; depth += 1) {
    const next: Digest[] = [];
    const byTag = depth === 1 ? question.byTag : undefined;
    const candidates = await candidatesOf(level, { ...question, byTag: byTag ?? [] }, signal);
    await forEachLimited(candidates, { limit: questionsAtOnce, signal }, async (candidate, within) => {
      const { hint, suffix, ...referrer } = candidate;
      if (hint !== undefined && !isWanted([hint], question)) return;
      const descend = (kinds: ReadonlySet<ReferrerKind>) => {
        if ([...kinds].every((kind) => kind === "signatures") || visited.has(referrer.digest)) return;
        visited.add(referrer.digest);
        next.push(referrer.digest);
      };
      if (reads >= mostReads || taken >= mostWanted) {
        beyond += 1;
        return;
      }
      if (await question.isKnown(referrer)) {
        known += 1;
        taken += 1;
        descend(new Set([hint ?? "other"]));
        return;
      }
      reads += 1;
      const judged = await judgeReferrer(candidate, question, within);
      if (judged === undefined) return;
      if (judged.kind === "refused") {
        refused.push({ ...referrer, reason: judged.reason });
        return;
      }
      if (taken >= mostWanted || bytes + judged.bytes > mostBytes) {
        beyond += 1;
        return;
      }
      taken += 1;
      bytes += judged.bytes;
      wanted.push(referrer);
      descend(judged.kinds);
    });
    level = next;
  }
  return { wanted, known, refused, beyond };
}

/** Those of which most is known to be wanted first, so that a flood of others does not displace them. */
async function candidatesOf(
  subjects: readonly Digest[],
  question: ReferrerQuestion & { readonly byTag: readonly Digest[] },
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const found = new Map<string, Candidate>();
  const add = (candidate: Candidate) => {
    if (candidate.digest !== candidate.subject) found.set(`${candidate.tag} ${candidate.digest}`, candidate);
  };
  const { registry, repository, tags, byTag } = question;
  await forEachLimited(subjects, { limit: questionsAtOnce, signal }, async (subject, within) => {
    for (const descriptor of await registry.listReferrers(repository, subject, within)) {
      const { digest, artifactType = "" } = descriptor;
      const hint = kindOfType(artifactType);
      // An attestation may be one of an SBOM: that its type does not say.
      const sure = hint === "attestations" ? undefined : hint;
      add({ digest, subject, tag: fallbackTagOf(subject), place: "digest", ...(sure && { hint: sure }) });
    }
  });
  const names = [...subjects, ...byTag].flatMap(cosignTagsOf).filter(({ tag, suffix }) => {
    const hint = hintOf(suffix);
    return tags?.has(tag) !== false && (hint === undefined || isWanted([hint], question));
  });
  await forEachLimited(
    names,
    { limit: questionsAtOnce, signal },
    async ({ tag, subject, suffix }, within) => {
      const head = await registry.headManifest(repository, tag, within);
      const hint = hintOf(suffix);
      if (head !== undefined)
        add({ digest: head.digest, subject, tag, place: "tag", suffix, ...(hint && { hint }) });
    },
  );
  const rank = ({ hint }: Candidate) => (hint === undefined ? 1 : 0);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.digest.localeCompare(b.digest));
}

/** What stands under `.att` may be an SBOM, too. */
function hintOf(suffix: CosignSuffix): ReferrerKind | undefined {
  if (suffix === "att") return undefined;
  return suffix === "sig" ? "signatures" : "sboms";
}
