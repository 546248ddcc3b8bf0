import type { Clock } from "../model/clock.ts";
import { Failure } from "../model/failure.ts";
import type { Registries } from "../registry/registry.ts";
import { candidates, mendsElsewhere, mostManifests, type Way, ways } from "./auto-choice.ts";
import { type AutoState, formatAutoState, parseAutoState } from "./auto-state.ts";
import { countManifests } from "./count-manifests.ts";
import type { ImportOrder, Method, Progress } from "./method.ts";
import type { MemberPorts, MethodMember } from "./method-member.ts";
import { refuseLasting } from "./refuse.ts";

/** Leaves each image to the first method that can bring it in, and goes on to the next when one cannot. */
export const auto = {
  kind: "auto",
  pulls:
    "acr-import pulls each image from Azure's addresses, or else the agent pool or the app itself from theirs, against the credential's quota, or without one against that of the address",
  create: createAuto,
} as const satisfies MethodMember;

interface AutoPorts extends Pick<MemberPorts, "open" | "targetCredential"> {
  readonly registries: Registries;
  readonly now: Clock;
  /** Milliseconds after which an import that ACR's service has not ended is left to the next method. */
  readonly hangLimitMs?: number;
}

// The service's imports take seconds to minutes, and some hang for hours: https://github.com/Azure/acr/issues/549
const defaultHangLimitMs = 30 * 60_000;

export function createAuto({
  open,
  registries,
  targetCredential,
  now,
  hangLimitMs = defaultHangLimitMs,
}: AutoPorts): Method {
  return {
    start: (order, signal) =>
      refuseLasting(async () => {
        const asked = candidates(configured(), { order });
        const [first] = asked.ways;
        const manifests = first === "acr-import" ? await countAtSource(order, signal) : undefined;
        const { ways, why } = manifests === undefined ? asked : candidates(asked.ways, { order, manifests });
        return begin(order, { ways, why, before: [] }, signal);
      }),

    check: (order, operation, signal) =>
      refuseLasting(async () => {
        const state = parseAutoState(operation);
        const left = candidates(configured(), { order }).ways;
        const next = { ways: left.slice(left.indexOf(state.way) + 1), before: state.before };
        const mayLeave = hangs(state) && next.ways.length > 0;
        const progress = left.includes(state.way)
          ? await look(order, { state, mayLeave }, signal)
          : notConfigured();
        if (progress.kind === "running" && mayLeave) {
          if (await isAtTarget(order, signal)) return { kind: "done", via: state.way, why: state.why };
          await open(state.way).cancel(order, state.inner, signal);
          const why = `${state.way} had not ended after ${Math.round(hangLimitMs / 60_000)} min`;
          return begin(order, { ...next, why, before: [...state.before, why] }, signal);
        }
        return settle(order, progress, { ...next, state }, signal);
      }),

    cancel: async (order, operation, signal) => {
      const { way, inner } = parseAutoState(operation);
      await open(way).cancel(order, inner, signal);
    },
  };

  /** Opened methods are kept; one that lacks a setting says so each time. */
  function configured(): readonly Way[] {
    return ways.filter((way) => {
      try {
        open(way);
        return true;
      } catch (error) {
        if (error instanceof Failure && error.code === "invalid") return false;
        throw error;
      }
    });
  }

  async function countAtSource({ source, credential }: ImportOrder, signal: AbortSignal): Promise<number> {
    const { host, path, digest } = source;
    const from = registries.open(host, credential);
    return countManifests({ from, repository: path, digest, most: mostManifests }, signal);
  }

  function hangs({ way, since }: AutoState): boolean {
    return way === "acr-import" && now().getTime() - since >= hangLimitMs;
  }

  /** A service that cannot be asked for as long as it may hang is as good as hung. */
  async function look(
    order: ImportOrder,
    { state, mayLeave }: { readonly state: AutoState; readonly mayLeave: boolean },
    signal: AbortSignal,
  ): Promise<Progress> {
    try {
      return await open(state.way).check(order, state.inner, signal);
    } catch (error) {
      const passes = error instanceof Failure && error.transient && error.code !== "canceled";
      if (!passes || !mayLeave) throw error;
      return { kind: "running", operation: state.inner, checkAfterMs: 0 };
    }
  }

  async function isAtTarget({ source, target }: ImportOrder, signal: AbortSignal): Promise<boolean> {
    const registry = registries.open(target.host, targetCredential);
    const found = await registry.headManifest(target.path, target.tag ?? source.digest, signal);
    return found?.digest === source.digest;
  }

  interface Left {
    /** In the order in which they are tried. */
    readonly ways: readonly Way[];
    /** What the ones before came to. */
    readonly before: readonly string[];
  }

  async function begin(
    order: ImportOrder,
    { ways: [way, ...rest], why, before }: Left & { readonly why: string },
    signal: AbortSignal,
  ): Promise<Progress> {
    if (way === undefined) throw new Failure("unsupported", `no configured method can do it: ${why}`);
    const progress = await open(way).start(order, signal);
    const state: AutoState = { way, since: now().getTime(), why, before, inner: {} };
    return settle(order, progress, { ways: rest, before, state }, signal);
  }

  async function settle(
    order: ImportOrder,
    progress: Progress,
    { state, ways, before }: Left & { readonly state: AutoState },
    signal: AbortSignal,
  ): Promise<Progress> {
    const account = { via: state.way, why: state.why };
    if (progress.kind === "running") {
      return {
        ...progress,
        ...account,
        operation: formatAutoState({ ...state, inner: progress.operation }),
      };
    }
    if (progress.kind === "done") return { ...progress, ...account };
    const why = `${state.way} was refused: ${progress.reason}`;
    if (mendsElsewhere(progress.code) && ways.length > 0) {
      return begin(order, { ways, why, before: [...before, why] }, signal);
    }
    return { ...progress, ...account, reason: [...before, why].join("; then ") };
  }
}

function notConfigured(): Progress {
  return {
    kind: "refused",
    code: "unsupported",
    reason: "it cannot do this any more: its settings are gone",
  };
}
