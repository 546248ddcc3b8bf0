import { randomUUID } from "node:crypto";
import { isDigest, parseDigest } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { parseHost, parseRepositoryPath, parseTag } from "../../shared/model/reference.ts";
import { type ArmAnswer, type ArmCall, type ArmOperation, registryVersion } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import type { ArmFaults } from "./faults.ts";
import { importWords } from "./service-words.ts";
import { type ImportImageParameters, importImageParameters } from "./shapes.ts";
import type { Transfer, TransferSource } from "./transfer.ts";
import { atWork, type Work } from "./work.ts";

export interface ImportsOptions {
  readonly transfer: Transfer;
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

/** Registries_ImportImage and the results of its operations. Failures come with the result, as a 400, as in the service. */
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
        const order = readOrder(body);
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

interface Order {
  readonly source: TransferSource;
  readonly targets: readonly { readonly repository: string; readonly tag?: string }[];
  readonly mode: ImportImageParameters["mode"];
}

async function settle(
  order: Order,
  { transfer, faults }: ImportsOptions,
  signal: AbortSignal,
): Promise<State> {
  try {
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

async function importImage(
  { source, targets, mode }: Order,
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

function readOrder(body: unknown): Order {
  const parsed = importImageParameters.safeParse(body);
  if (!parsed.success)
    throw invalid(`the body: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`);
  const { source, targetTags = [], untaggedTargetRepositories = [], mode } = parsed.data;
  if ((source.registryUri === undefined) === (source.resourceId === undefined)) {
    throw invalid("the source needs either registryUri or resourceId");
  }
  if (source.registryUri === undefined) {
    throw new ArmError(
      400,
      "UnsupportedOnThisMachine",
      "there is no other Azure registry here: give source.registryUri",
    );
  }
  if (targetTags.length + untaggedTargetRepositories.length === 0) {
    throw invalid("targetTags and untaggedTargetRepositories are both empty");
  }
  try {
    const { credentials } = source;
    return {
      source: {
        host: parseHost(source.registryUri),
        ...readImage(source.sourceImage),
        ...(credentials === undefined
          ? {}
          : { credential: { username: credentials.username ?? "", password: credentials.password } }),
      },
      targets: [
        ...targetTags.map((target) => {
          const [repository = "", tag = "latest"] = target.split(":", 2);
          return { repository: parseRepositoryPath(repository), tag: parseTag(tag) };
        }),
        ...untaggedTargetRepositories.map((repository) => ({ repository: parseRepositoryPath(repository) })),
      ],
      mode,
    };
  } catch (error) {
    if (error instanceof Failure) throw invalid(error.message);
    throw error;
  }
}

/** `repo`, `repo:tag` or `repo@sha256:…`. */
function readImage(image: string): { readonly repository: string; readonly reference: string } {
  const [, repository = "", tag, digest] = /^([^:@]*)(?::([^@]*)|@(.*))?$/.exec(image) ?? [];
  if (digest !== undefined && !isDigest(digest)) parseDigest(digest);
  return { repository: parseRepositoryPath(repository), reference: digest ?? parseTag(tag ?? "latest") };
}

function invalid(message: string): ArmError {
  return new ArmError(400, "InvalidParameters", message);
}
