import { createHash } from "node:crypto";
import type { AcrCacheRule, NewCredentialSet } from "../azure/acr-cache-port.ts";
import type { Acr } from "../azure/acr-port.ts";
import { Failure } from "../model/failure.ts";
import { formatRepository } from "../model/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { requireLoginFor } from "./cache-rule-logins.ts";
import { keepSet } from "./cache-rule-set.ts";
import type { ImportOrder } from "./method.ts";

export interface KeepPorts {
  readonly acr: Acr;
  readonly target: Pick<Registry, "listTags">;
  /** By upstream host. */
  readonly sets: ReadonlyMap<string, NewCredentialSet>;
}

export type Kept =
  | { readonly kind: "kept"; readonly name: string }
  /** The service is still at it. */
  | { readonly kind: "changing" };

const changing: Kept = { kind: "changing" };
// https://learn.microsoft.com/azure/container-registry/artifact-cache-overview#limitations
const mostRules = 1000;

/** Makes the rule that an order needs, or gives it back its credential set. Throws what a person must mend, and how. */
export async function keepRule(
  { source, target }: Pick<ImportOrder, "source" | "target">,
  ports: KeepPorts,
  signal: AbortSignal,
): Promise<Kept> {
  const { acr, sets } = ports;
  const wanted: Wanted = { source: formatRepository(source), target: target.path };
  const set = requireLoginFor(source.host, sets.get(source.host));
  if (set !== undefined && (await keepSet(acr, set, signal)) === "changing") return changing;
  const name = ruleName(wanted);
  const rule = await acr.getCacheRule(name, signal);
  if (rule === undefined) return begin({ ...wanted, name }, set, ports, signal);
  if (rule.source !== wanted.source || rule.target !== wanted.target) {
    throw new Failure(
      "conflict",
      `cache rule ${name} was changed by hand: it fills ${rule.target} from ${rule.source}, not ${wanted.target} from ${wanted.source}. Delete it; it is made again as it should be`,
    );
  }
  if (rule.state === "failed") {
    throw new Failure(
      "invalid",
      `cache rule ${name} could not be made or changed: delete it, and see the registry's activity log`,
    );
  }
  if (rule.state === "changing") return changing;
  if (rule.credentialSet?.toLowerCase() === set?.name.toLowerCase()) return { kind: "kept", name };
  await acr.changeCacheRule({ name, ...(set && { credentialSet: set.name }) }, signal);
  return changing;
}

interface Wanted {
  readonly source: string;
  readonly target: string;
}

async function begin(
  wanted: Wanted & { readonly name: string },
  set: NewCredentialSet | undefined,
  { acr, target }: KeepPorts,
  signal: AbortSignal,
): Promise<Kept> {
  const rules = await acr.listCacheRules(signal);
  const found = beside(rules, wanted);
  if (found.kind === "same") return found.state === "ready" ? { kind: "kept", name: found.name } : changing;
  if (found.kind === "refused") throw new Failure("conflict", found.reason);
  try {
    if (await exists(target, wanted.target, signal)) throw occupied(wanted.target);
    await acr.createCacheRule({ ...wanted, ...(set && { credentialSet: set.name }) }, signal);
  } catch (error) {
    // Another import of the same watch may have made the rule just now.
    const refused = error instanceof Failure && !error.transient;
    if (!refused || (await acr.getCacheRule(wanted.name, signal)) === undefined) throw error;
  }
  return changing;
}

function occupied(repository: string): Failure {
  return new Failure(
    "conflict",
    `the repository ${repository} exists already, and Azure makes cache rules for new repositories only: give the watch another Target, or delete the repository`,
  );
}

type Beside =
  | { readonly kind: "none" }
  /** People made a rule that does the same. */
  | { readonly kind: "same"; readonly name: string; readonly state: AcrCacheRule["state"] }
  | { readonly kind: "refused"; readonly reason: string };

/** Pure: what the registry's other rules mean for a new one. A static rule over a wildcard is allowed, and goes first. */
export function beside(rules: readonly AcrCacheRule[], { source, target }: Wanted): Beside {
  const taken = rules.find((rule) => rule.target === target);
  if (taken?.source === source) return { kind: "same", name: taken.name, state: taken.state };
  if (taken !== undefined) {
    const reason = `cache rule ${taken.name} fills ${target} from ${taken.source} already: give the watch another Target, or delete that rule`;
    return { kind: "refused", reason };
  }
  for (const { name, state, ...rule } of rules) {
    const prefix = wildcardOf(rule.target);
    const from = wildcardOf(rule.source);
    if (prefix === undefined || from === undefined || !target.startsWith(prefix)) continue;
    if (`${from}${target.slice(prefix.length)}` === source) return { kind: "same", name, state };
  }
  if (rules.length < mostRules) return { kind: "none" };
  return {
    kind: "refused",
    reason: `the registry has ${rules.length} cache rules, and Azure allows ${mostRules}: delete some, make one with a wildcard by hand (it is used then), or use the method acr-import`,
  };
}

function wildcardOf(name: string): string | undefined {
  return name.endsWith("*") ? name.slice(0, -1) : undefined;
}

/** Always the same for one source and target, readable, and within Azure's grammar: 5 to 50 letters, digits, hyphens. */
export function ruleName({ source, target }: Wanted): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([source, target]))
    .digest("hex")
    .slice(0, 12);
  const readable = target
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 33)
    .replace(/-+$/, "");
  return `wg-${readable}-${hash}`;
}

async function exists(
  registry: Pick<Registry, "listTags">,
  repository: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await registry.listTags(repository, signal);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return false;
    throw error;
  }
}
