import { Failure } from "../../shared/model/failure.ts";
import { parseRepository, parseRepositoryPath } from "../../shared/model/reference.ts";
import { ArmError } from "./arm-error.ts";
import { type ArmCache, type KeptRule, prefixOf } from "./cache.ts";
import { cacheRuleParameters } from "./shapes.ts";

const mostRules = 1000;

/** The body of CacheRules_Create, read. Throws for what the service would not take. */
export function readCacheRule(body: unknown): Pick<KeptRule, "source" | "target" | "credentialSet"> {
  const parsed = cacheRuleParameters.safeParse(body);
  if (!parsed.success) throw invalid(parsed.error.issues[0]);
  const {
    sourceRepository: source,
    targetRepository: target,
    credentialSetResourceId,
  } = parsed.data.properties;
  const [sourcePrefix, targetPrefix] = [prefixOf(source), prefixOf(target)];
  if ((sourcePrefix === undefined) !== (targetPrefix === undefined)) {
    throw refused(
      "InvalidWildcardRule",
      "either both of source and target repository end in *, or neither does",
    );
  }
  try {
    parseRepository(sourcePrefix === undefined ? source : `${sourcePrefix}x`);
    parseRepositoryPath(targetPrefix === undefined ? target : `${targetPrefix}x`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const rule = "Repository names should follow the standardized docker repository naming conventions.";
    throw refused("InvalidRepositoryName", `${rule} All characters should be lowercase.`);
  }
  return { source, target, credentialSet: setNameOf(credentialSetResourceId) };
}

/** The last segment of a set's id; undefined for none, also for the empty id that takes one away. */
export function setNameOf(id: string | undefined): string | undefined {
  const name = id?.split("/").at(-1);
  return name === "" ? undefined : name;
}

/** Throws for a new rule that the service would not have beside the others, or over these repositories. */
export function checkNewRule(
  wanted: Omit<KeptRule, "creationDate">,
  { cache, repositories }: { readonly cache: ArmCache; readonly repositories: readonly string[] },
): void {
  checkSet(wanted, cache);
  if (cache.rules.size >= mostRules) {
    throw refused("CacheRuleLimitReached", `the registry has ${mostRules} cache rules, and can have no more`);
  }
  const prefix = prefixOf(wanted.target);
  for (const { name, target } of cache.rules.values()) {
    const other = prefixOf(target);
    if (target === wanted.target || (prefix !== undefined && other !== undefined && overlap(prefix, other))) {
      throw refused(
        "CacheRuleConflict",
        `target repository '${wanted.target}' overlaps with '${target}' of cache rule '${name}'`,
      );
    }
  }
  if (prefix === undefined && repositories.includes(wanted.target)) {
    throw refused(
      "TargetRepositoryMatchesExistingRepository",
      `The target repository '${wanted.target}' exists in the registry.`,
    );
  }
  // In the service's own words: https://github.com/Azure/ARO-HCP/pull/5176
  if (prefix !== undefined && repositories.some((each) => each.startsWith(prefix))) {
    throw refused(
      "TargetRepositoryPrefixMatchesExistingRegistries",
      `There are one or more target repositories in the registry which match the target repository prefix '${wanted.target}'.`,
    );
  }
}

export function checkSet(
  { source, credentialSet }: Pick<KeptRule, "source" | "credentialSet">,
  { sets }: ArmCache,
): void {
  if (credentialSet === undefined) return;
  const set = sets.get(credentialSet.toLowerCase());
  if (set === undefined)
    throw refused("CredentialSetNotFound", `there is no credential set '${credentialSet}'`);
  if (source.startsWith(`${set.loginServer}/`)) return;
  throw refused(
    "CredentialSetMismatch",
    `credential set '${credentialSet}' is for '${set.loginServer}', not for '${source}'`,
  );
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

export function invalid(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): ArmError {
  return refused("InvalidRequestContent", `the body: ${issue?.path.join(".")}: ${issue?.message}`);
}

function refused(code: string, message: string): ArmError {
  return new ArmError(400, code, message);
}
