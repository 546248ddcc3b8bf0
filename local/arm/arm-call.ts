/** One authorised request to an operation, its body parsed as JSON. */
export interface ArmCall {
  /** `https://127.0.0.1:5443` */
  readonly origin: string;
  /** What the operation's path captured, decoded. */
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ArmAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; no body when absent. */
  readonly body?: unknown;
}

/** An operation of the REST specification, with the api-version that the pinned SDK sends for it. */
export interface ArmOperation {
  /** As the specification names it: `Registries_ImportImage`. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly apiVersion: string;
  /** Against the path behind the registry's resource id. */
  readonly path: RegExp;
  handle(call: ArmCall): ArmAnswer | Promise<ArmAnswer>;
}

// SDK 11.0.0 sends one version for the registry itself and an older one for agent pools and runs.
export const registryVersion = "2025-11-01";
export const runVersion = "2019-06-01-preview";
