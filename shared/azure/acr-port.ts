import type { Credential } from "../model/credential.ts";
import type { Digest } from "../model/digest.ts";
import type { AcrCache } from "./acr-cache-port.ts";
import type { AcrResource } from "./acr-resource.ts";

/**
 * One Azure Container Registry as ARM offers it. Each call makes a bounded number of requests and never waits
 * for work.
 */
export interface Acr extends AcrCache {
  readonly resource: AcrResource;

  /** Read once, then kept for the life of the process. */
  describe(signal: AbortSignal): Promise<AcrDescription>;

  /** Hands an import to the service; it moves the bytes itself. Throws what ARM refuses at once. */
  startImport(request: AcrImportRequest, signal: AbortSignal): Promise<StartedAcrImport>;

  /** Asks once how the import at `path` stands. Throws only when ARM could not be asked. */
  checkImport(path: string, signal: AbortSignal): Promise<AcrImportState>;

  /** Queues a Task run on a dedicated agent pool. */
  scheduleRun(request: AcrRunRequest, signal: AbortSignal): Promise<AcrRun>;

  getRun(runId: string, signal: AbortSignal): Promise<AcrRun>;

  cancelRun(runId: string, signal: AbortSignal): Promise<void>;

  /** The last lines of a run's log, at most 8 KiB. */
  readRunLog(runId: string, signal: AbortSignal): Promise<string>;

  /** Whether an agent of the pool is at work, or has ended a run since then, as far as the registry's latest runs tell. */
  hasWorkedSince(pool: string, since: Date, signal: AbortSignal): Promise<boolean>;

  /** How many runs wait for an agent of the pool. */
  queueLength(pool: string, signal: AbortSignal): Promise<number>;
}

/** What firewalls and clients need to know. Names can carry a hash suffix: never build them. */
export interface AcrDescription {
  readonly loginServer: string;
  readonly dataEndpointHostNames: readonly string[];
  /** `Basic`, `Standard`, `Premium`. */
  readonly sku: string;
  readonly location: string;
}

export interface AcrImportRequest {
  readonly source: {
    readonly host: string;
    readonly repository: string;
    readonly digest: Digest;
    readonly credential?: Credential;
  };
  /** Without a tag the manifest is kept by its digest alone. */
  readonly target: { readonly repository: string; readonly tag?: string };
  /** `NoForce` refuses a target tag that exists; `Force` replaces it. */
  readonly mode: "NoForce" | "Force";
}

export interface RunningAcrImport {
  readonly kind: "running";
  /**
   * Where to ask again, also from another process: path and query on the ARM host, so that it cannot lead
   * elsewhere.
   */
  readonly path: string;
  /** Milliseconds that the service asks us to wait before the next question. */
  readonly checkAfterMs: number;
}

/** The specification allows an import that is done at once. */
export type StartedAcrImport = RunningAcrImport | { readonly kind: "done" };

export type AcrImportState =
  | StartedAcrImport
  /** The service keeps no result of it any more: only the target can tell. */
  | { readonly kind: "forgotten" }
  /** `text` is the service's own, made printable. */
  | { readonly kind: "failed"; readonly text: string };

export interface AcrRunRequest {
  readonly pool: string;
  /** Task YAML. Constant text: what varies goes into `values`. */
  readonly task: string;
  readonly values: Readonly<Record<string, string>>;
  /** Seconds, 300 to 28,800. */
  readonly timeoutSeconds: number;
  /** Login for one upstream registry during the run; the run's own registry needs none. */
  readonly login?: { readonly host: string; readonly credential: Credential };
}

export interface AcrRun {
  readonly id: string;
  readonly status: AcrRunStatus;
  /** What the service says of a failed run beside its log. */
  readonly error?: string;
  /** The registry's runs in the portal; absent in clouds whose portal is not known. */
  readonly link?: string;
}

export type AcrRunStatus =
  | "Queued"
  | "Started"
  | "Running"
  | "Succeeded"
  | "Failed"
  | "Canceled"
  | "Error"
  | "Timeout";
