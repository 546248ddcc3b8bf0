import { randomUUID } from "node:crypto";
import { type ArmAnswer, type ArmCall, type ArmOperation, registryVersion } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import { type ArmCache, ruleFor } from "./cache.ts";
import type { ArmFaults } from "./faults.ts";
import { type ImportOrder, readImportOrder } from "./import-order.ts";
import { importWords } from "./service-words.ts";
import type { Transfer } from "./transfer.ts";
import { atWork, type Work } from "./work.ts";

export interface ImportsOptions {
  readonly transfer: Transfer;
  readonly cache: Pick<ArmCache, "rules">;
  readonly faults: ArmFaults;
  readonly work: Work;
  /** Path under which operations are asked for, without the operation's name. */
  readonly operationsPath: string;
  readonly retryAfterSeconds: number;
}

type State =
  | { readonly kind: "running" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: ArmError };

// Source: https://learn.microsoft.com/azure/container-registry/container-registry-import-images#limitations
const maxManifests = 50;

/**
 * Registries_ImportImage and the results of its operations. Failures come with the result, as a 400, as in
 * the service.
 */
export function imports(options: ImportsOptions): {
  readonly start: ArmOperation;
  readonly result: (id: string) => ArmAnswer;
} {
  const states = new Map<string, State>();
  const { operationsPath, retryAfterSeconds } = options;
  const waiting = (id: string, origin: string): ArmAnswer => ({
    status: 202,
    headers: {
      Location: options.faults.location ?? `${origin}${operationsPath}/${id}?api-version=${registryVersion}`,
      "Retry-After": String(retryAfterSeconds),
    },
  });
  return {
    start: {
      id: "Registries_ImportImage",
      method: "POST",
      apiVersion: registryVersion,
      path: /^\/importImage$/i,
      handle({ body, origin }: ArmCall) {
        const order = readImportOrder(body);
        const id = `registries-${randomUUID()}`;
        states.set(id, { kind: "running" });
        void options.work.run(async (signal) => {
          states.set(id, await settle(order, options, signal));
        });
        return waiting(id, origin);
      },
    },
    result(id) {
      const state = states.get(id);
      if (state === undefined) throw new ArmError(404, "OperationNotFound", `operation ${id} is not known`);
      if (state.kind === "failed") throw state.error;
      if (state.kind === "done") return { status: 200 };
      return { status: 202, headers: { "Retry-After": String(retryAfterSeconds) } };
    },
  };
}

async function settle(
  order: ImportOrder,
  { transfer, faults, cache }: ImportsOptions,
  signal: AbortSignal,
): Promise<State> {
  try {
    requireNoRule(cache, order.targets);
    await atWork(faults.import, signal, (text) => new ArmError(400, "InvalidParameters", text));
    await importImage(order, transfer, signal);
    return { kind: "done" };
  } catch (error) {
    if (error instanceof ArmError) return { kind: "failed", error };
    return {
      kind: "failed",
      error: new ArmError(400, "InvalidParameters", importWords(error, order.source.host)),
    };
  }
}

/** Nothing but its rule fills the repository of a cache rule: https://github.com/Azure/acr/issues/845 */
function requireNoRule(cache: Pick<ArmCache, "rules">, targets: ImportOrder["targets"]): void {
  for (const { repository } of targets) {
    const found = ruleFor(cache, repository);
    if (found === undefined) continue;
    const message = `Repository ${repository} is the target of cache rule ${found.rule.name}.`;
    throw new ArmError(400, "InvalidParameters", message);
  }
}

async function importImage(
  { source, targets, mode }: ImportOrder,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<void> {
  for (const { repository, tag } of mode === "Force" ? [] : targets) {
    if (tag !== undefined && (await transfer.targetDigest({ repository, tag }, signal)) !== undefined) {
      throw new ArmError(400, "Conflict", `Tag ${repository}:${tag} already exists in target registry.`);
    }
  }
  const { digest, manifests } = await transfer.inspect(source, signal);
  if (manifests > maxManifests) {
    throw new ArmError(
      400,
      "InvalidParameters",
      `The image has ${manifests} manifests, which exceeds the maximum of ${maxManifests} manifests per image.`,
    );
  }
  for (const target of targets) await transfer.copy({ ...source, reference: digest }, target, signal);
}
