import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";

/** A cache rule as it was made. `source` and `target` both end in `*`, or neither does. */
export interface KeptRule {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  /** Name of a credential set. */
  readonly credentialSet?: string | undefined;
  readonly creationDate: string;
}

export interface KeptSet {
  readonly name: string;
  readonly loginServer: string;
  readonly usernameSecret: string;
  readonly passwordSecret: string;
  readonly principalId: string;
  readonly creationDate: string;
}

/** The cache rules and credential sets of the registry, by their names in lower case. */
export interface ArmCache {
  readonly rules: Map<string, KeptRule>;
  readonly sets: Map<string, KeptSet>;
  /** The content of a Key Vault secret; undefined where a set's identity may not read it. */
  readonly secret: (identifier: string) => Promise<string | undefined>;
  /** Writes down what has changed. */
  save(): Promise<void>;
}

export interface ArmCacheOptions {
  /** Where rules and sets outlive a restart, as the repositories that they fill do. Absent: they do not. */
  readonly file?: string;
  readonly secret?: ArmCache["secret"];
}

const rule = z.object({
  name: z.string(),
  source: z.string(),
  target: z.string(),
  credentialSet: z.string().optional(),
  creationDate: z.string(),
});
const set = z.object({
  name: z.string(),
  loginServer: z.string(),
  usernameSecret: z.string(),
  passwordSecret: z.string(),
  principalId: z.string(),
  creationDate: z.string(),
});
const kept = z.object({ rules: z.array(rule), sets: z.array(set) });

export async function openArmCache({
  file,
  secret = async () => undefined,
}: ArmCacheOptions = {}): Promise<ArmCache> {
  const { rules, sets } = await readKept(file);
  const cache: ArmCache = {
    rules: new Map(rules.map((each) => [each.name.toLowerCase(), each])),
    sets: new Map(sets.map((each) => [each.name.toLowerCase(), each])),
    secret,
    async save() {
      if (file === undefined) return;
      const content = { rules: [...cache.rules.values()], sets: [...cache.sets.values()] };
      await writeFile(file, `${JSON.stringify(content)}\n`);
    },
  };
  return cache;
}

async function readKept(file: string | undefined): Promise<z.infer<typeof kept>> {
  if (file === undefined) return { rules: [], sets: [] };
  try {
    return kept.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { rules: [], sets: [] };
    throw error;
  }
}

/** The rule that fills a repository, a static one before a wildcard, and which repository it is filled from. */
export function ruleFor(
  { rules }: Pick<ArmCache, "rules">,
  repository: string,
): { readonly rule: KeptRule; readonly source: string } | undefined {
  for (const rule of rules.values()) if (rule.target === repository) return { rule, source: rule.source };
  for (const rule of rules.values()) {
    const prefix = prefixOf(rule.target);
    if (prefix === undefined || !repository.startsWith(prefix)) continue;
    return { rule, source: `${prefixOf(rule.source)}${repository.slice(prefix.length)}` };
  }
  return undefined;
}

/** What stands before a wildcard; undefined for a static name. */
export function prefixOf(name: string): string | undefined {
  return name.endsWith("*") ? name.slice(0, -1) : undefined;
}
