import { parseRealm } from "../../shared/auth/realm.ts";
import { parseTokenAnswer } from "../../shared/auth/token-answer.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { columns } from "../../shared/documents/watch-columns.ts";
import { parseChallenges } from "../../shared/http/challenge.ts";
import { nextLink } from "../../shared/http/link.ts";
import { retryAfterMs } from "../../shared/http/retry-after.ts";
import { digestOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { parseReference } from "../../shared/model/reference.ts";
import { tagListOf, tagPageOf, tagsOf } from "../../shared/model/tag-list.ts";
import { select } from "../../shared/policies/select.ts";
import { parseManifest } from "../../shared/registry/parse-manifest.ts";
import { scanTags } from "../../shared/registry/scan-tags.ts";
import * as corpora from "./corpora.ts";
import { type Corpus, mutated } from "./mutate.ts";
import type { Random } from "./random.ts";

/** Something that reads what others write. */
export interface Target {
  readonly name: string;
  /** How it may refuse; anything else that it throws is a fault. */
  readonly refusals: readonly FailureCode[];
  /** One input, made ahead so that only the reading is timed. */
  prepare(random: Random): Prepared;
}

export interface Prepared {
  readonly input: unknown;
  run(): void;
}

const base = new URL("https://registry.example/v2/app/tags/list?n=1000");
const registry = {
  host: "registry.example",
  origin: "https://registry.example",
  tokenHosts: ["auth.registry.example"],
  quirks: {},
};
const now = new Date("2026-11-24T12:00:00Z");

/** A target that reads one text. */
function reading(
  name: string,
  refusals: readonly FailureCode[],
  { corpus, read }: { readonly corpus: Corpus; read(text: string): void },
): Target {
  return {
    name,
    refusals,
    prepare(random) {
      const input = mutated(random, corpus);
      return { input, run: () => read(input) };
    },
  };
}

export const targets: readonly Target[] = [
  reading("Link", ["protocol", "blocked"], {
    corpus: corpora.links,
    read(text) {
      const url = nextLink(text, base);
      if (url !== undefined && url.origin !== base.origin) throw new Error(`it leads to ${url.origin}`);
    },
  }),
  reading("WWW-Authenticate", ["protocol", "blocked"], {
    corpus: corpora.challenges,
    read(text) {
      for (const challenge of parseChallenges(text)) {
        if (challenge.scheme !== "bearer") continue;
        const { url, trust } = parseRealm(challenge, registry);
        const own = url.host === registry.host || registry.tokenHosts.includes(url.host);
        if (url.protocol !== "https:") throw new Error(`tokens over ${url.protocol}`);
        if (trust === "credentials" && !own && url.hostname !== registry.host)
          throw new Error(`credentials go to ${url.host}`);
      }
    },
  }),
  reading("Retry-After", [], {
    corpus: corpora.retries,
    read(text) {
      const waitMs = retryAfterMs(text, now) ?? 0;
      if (!(waitMs >= 0 && waitMs <= 3_600_000)) throw new Error(`a wait of ${waitMs} ms`);
    },
  }),
  reading("references", ["invalid"], {
    corpus: corpora.references,
    read(text) {
      const { host, path, tag = "latest" } = parseReference(text);
      const { pathname, origin } = new URL(`https://${host}/v2/${path}/manifests/${tag}`);
      if (pathname !== `/v2/${path}/manifests/${tag}` || !origin.startsWith("https://"))
        throw new Error(`${host}/${path}:${tag} makes ${origin}${pathname}`);
    },
  }),
  reading("manifests", ["protocol", "unsupported"], {
    corpus: corpora.manifests,
    read(text) {
      const bytes = Buffer.from(text);
      const contentType = text.length % 3 === 0 ? undefined : "application/vnd.oci.image.manifest.v1+json";
      const { kind, blobs, manifests } = parseManifest(bytes, { contentType, digest: digestOf("x") });
      if (kind === "image" ? manifests.length > 0 : blobs.length > 0) throw new Error("both kinds in one");
    },
  }),
  reading("token answers", ["protocol"], {
    corpus: corpora.tokens,
    read(text) {
      const answer = { status: 200, url: base, header: () => undefined, body: Buffer.from(text) };
      const { value } = parseTokenAnswer(answer, { names: ["token"], method: "GET", now: () => now });
      if (/[^\x21-\x7e]/.test(value)) throw new Error("a token that breaks a header");
    },
  }),
  reading("tag pages", [], {
    corpus: corpora.tagPages,
    read(text) {
      const bytes = Buffer.from(text);
      const scan = scanTags(bytes);
      let step = scan.next();
      while (step.done !== true) step = scan.next();
      // What the scan does not know it leaves to JSON.parse; what it knows must be what JSON.parse reads.
      if (step.value === undefined) return;
      const found = [...tagsOf(tagListOf([{ bytes, bounds: step.value }]))];
      const { tags } = JSON.parse(text) as { tags: unknown };
      if (JSON.stringify(found) !== JSON.stringify(tags ?? []))
        throw new Error(`other tags: ${found.join()}`);
    },
  }),
  {
    name: "watch rows",
    refusals: ["invalid"],
    prepare(random) {
      const row = watchRow(random);
      const group = random.below(10) === 0 ? mutated(random, corpora.names) : "fuzz";
      return { input: row, run: () => void parseWatch(group, "row", row) };
    },
  },
  {
    name: "selection",
    refusals: [],
    prepare(random) {
      const rules = random.pick(rulesToTry);
      const tags = Array.from({ length: 1 + random.below(6) }, () => mutated(random, corpora.tags));
      const list = tagListOf([tagPageOf(tags)]);
      return {
        input: tags,
        run() {
          const { versions, tracked, skipped } = select(list, rules);
          const fates = [...versions, ...skipped.map(({ tag }) => tag)].sort();
          const wanted = [...new Set(tagsOf(list))].filter((tag) => !tracked.includes(tag)).sort();
          if (JSON.stringify(fates) !== JSON.stringify(wanted)) throw new Error("a tag without one fate");
          const bad = skipped.find(({ detail }) => !/^[\x20-\x7e]{8,}$/.test(detail));
          if (bad !== undefined) throw new Error(`the detail ${JSON.stringify(bad.detail)}`);
        },
      };
    },
  },
];

function watchRow(random: Random): Record<string, string> {
  const row: Record<string, string> = { Source: "docker.io/library/app", Tags: "semver >=1" };
  for (let count = random.below(4); count >= 0; count--) {
    const column = random.pick(Object.keys(columns));
    const corpus = corpora.columns[column] ?? corpora.names;
    const name = random.below(40) === 0 ? mutated(random, corpora.names) : column;
    // Not by assignment, which would lose a column named __proto__.
    Object.defineProperty(row, name, {
      value: mutated(random, corpus),
      enumerable: true,
      configurable: true,
    });
  }
  return row;
}

const rulesToTry = corpora.rows.map(
  (row) => parseWatch("fuzz", "row", { Source: "a.example/app", ...row }).rules,
);
