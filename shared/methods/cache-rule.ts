import type { NewCredentialSet } from "../azure/acr-cache-port.ts";
import type { Acr } from "../azure/acr-port.ts";
import type { Clock } from "../model/clock.ts";
import { shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatReference } from "../model/reference.ts";
import type { Registries } from "../registry/registry.ts";
import { keepRule } from "./cache-rule-keep.ts";
import { isKept, type Warming, warm } from "./cache-rule-warm.ts";
import type { ImportOrder, Method, Operation, Progress } from "./method.ts";
import type { MethodMember, MethodPorts } from "./method-member.ts";
import { requireOwnTarget } from "./own-registry.ts";
import { refuseLasting } from "./refuse.ts";
import { requireWhole } from "./require-whole.ts";

/** ACR fills the target repository itself, by a rule that is kept as configured; new versions are pulled through it once. */
export const cacheRule = {
  kind: "cache-rule",
  pulls:
    "ACR pulls each image from Azure's addresses when it is first asked for, against the quota of the rule's credential set, or without one against what those addresses share",
  target: "reads-through",
  create({ acr, ...ports }: MethodPorts) {
    if (acr === undefined) {
      throw new Failure(
        "invalid",
        "the method cache-rule needs an Azure Container Registry: set WHARFGATE_ACR_ID to its resource id",
      );
    }
    return createCacheRule({ acr, ...ports });
  },
} as const satisfies MethodMember;

export interface CacheRulePorts {
  readonly acr: Acr;
  readonly registries: Registries;
  readonly now: Clock;
  readonly targetCredential?: string;
  /** By upstream host. */
  readonly credentialSets?: ReadonlyMap<string, NewCredentialSet>;
  /** Milliseconds after which a call begins to pull no further blob. Default 4 minutes. */
  readonly budgetMs?: number;
  /** Milliseconds that the service may take to keep what was pulled. Default one hour: it can lag by minutes. */
  readonly keptLimitMs?: number;
}

const ruleCheckMs = 5_000;
const keptCheckMs = 10_000;
// Until then the service may be at it still: what it does not keep of the manifests alone is pulled whole.
const wholeAfterMs = 120_000;

export function createCacheRule(ports: CacheRulePorts): Method {
  const { acr, registries, now, targetCredential, budgetMs = 240_000, keptLimitMs = 3_600_000 } = ports;

  return {
    start: (order, signal) =>
      refuseLasting(async () => {
        requireWhole(order, "a cache rule");
        await requireOwnTarget(acr, order, signal);
        await requireSameTag(order, signal);
        return advance(order, { since: now().getTime(), pulls: 0, blobs: 0 }, signal);
      }),
    check: (order, operation, signal) => refuseLasting(() => advance(order, readState(operation), signal)),
    // Rules stay: they serve whoever pulls.
    cancel: async () => {},
  };

  async function advance(order: ImportOrder, state: State, signal: AbortSignal): Promise<Progress> {
    const target = registries.open(order.target.host, targetCredential);
    const rule = await keepRule(order, { acr, target, sets: ports.credentialSets ?? new Map() }, signal);
    if (rule.kind === "changing") return running(state, ruleCheckMs);
    const where: Warming = { target, order, rule: rule.name };
    if (state.pulls > 0 && (await isKept(where, signal))) return { kind: "done" };
    const elapsedMs = now().getTime() - state.since;
    if (elapsedMs >= keptLimitMs) {
      throw new Failure(
        "unavailable",
        `cache rule ${rule.name} did not keep ${formatReference(order.target)} in ${Math.round(keptLimitMs / 60_000)} min, ` +
          "although it was pulled through it: look at the rule in the portal, or use the method acr-import",
      );
    }
    if (state.pulls > 0 && elapsedMs < wholeAfterMs && order.target.tag !== undefined) {
      return running(state, keptCheckMs);
    }
    // Manifests first, which is often enough; the blobs too when the service does not keep the image, or when there will be no
    // telling.
    const until = new Date(now().getTime() + budgetMs);
    const from = state.pulls === 0 && order.target.tag !== undefined ? "manifests" : { blob: state.blobs };
    const warmed = await warm(where, { from, until, now, signal });
    // What was not served whole is pulled again at the next look: a new rule takes its time to be known everywhere.
    const pulls = warmed.kind === "partly" ? state.pulls : state.pulls + 1;
    const next = { ...state, pulls, blobs: warmed.kind === "paused" ? warmed.blob : 0 };
    if (warmed.kind === "whole" && (await isKept(where, signal))) return { kind: "done" };
    return running(next, warmed.kind === "paused" ? 0 : keptCheckMs);
  }

  /** A rule serves what upstream has under the same name, and nothing else. */
  async function requireSameTag(
    { source, target, credential }: ImportOrder,
    signal: AbortSignal,
  ): Promise<void> {
    const upstream = registries.open(source.host, credential);
    if ((await upstream.headManifest(source.path, source.digest, signal)) === undefined) {
      throw new Failure("not-found", `${formatReference(source)} does not exist: upstream deleted it`);
    }
    if (target.tag === undefined) return;
    const { host, path } = source;
    const name = formatReference({ host, path, tag: target.tag });
    const found = await upstream.headManifest(path, target.tag, signal);
    if (found === undefined) {
      throw new Failure(
        "invalid",
        `${name} does not exist, and a cache rule keeps tags as upstream names them: let the watch's Target end in :{tag}`,
      );
    }
    if (found.digest === source.digest) return;
    throw new Failure(
      "conflict",
      `${name} is ${shortDigest(found.digest)} by now, not ${shortDigest(source.digest)}: a cache rule brings in what the tag points at, acr-import and copy any digest`,
    );
  }
}

interface State {
  /** Epoch milliseconds at which the import began. */
  readonly since: number;
  /** Pulls of the image so far. */
  readonly pulls: number;
  /** Blobs that the pull under way has read. */
  readonly blobs: number;
}

function running({ since, pulls, blobs }: State, checkAfterMs: number): Progress {
  return { kind: "running", operation: { since, pulls, blobs }, checkAfterMs };
}

function readState({ since, pulls, blobs }: Operation): State {
  if (typeof since === "number" && typeof pulls === "number" && typeof blobs === "number") {
    return { since, pulls, blobs };
  }
  throw new Failure("internal", "an import's record holds no operation of a cache rule");
}
