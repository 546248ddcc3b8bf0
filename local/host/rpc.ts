/**
 * The part of the Node worker's contract with `@azure/functions` that this host speaks.
 * Source: https://github.com/Azure/azure-functions-nodejs-worker/blob/v3.x/types-core/index.d.ts
 */
export interface RpcTypedData {
  readonly string?: string | null;
  readonly json?: string | null;
  readonly bytes?: Uint8Array | null;
  readonly http?: RpcHttpData | null;
  readonly int?: number | null;
  readonly double?: number | null;
}

export interface RpcHttpData {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: RpcTypedData;
  readonly statusCode?: string;
  readonly cookies?: readonly RpcHttpCookie[];
}

export interface RpcHttpCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: { readonly value: string };
  readonly path?: { readonly value: string };
  readonly expires?: { readonly value: { readonly seconds: number } };
  readonly maxAge?: { readonly value: number };
  readonly secure?: { readonly value: boolean };
  readonly httpOnly?: { readonly value: boolean };
  /** `none` is "not said"; `explicitNone` is `SameSite=None`. */
  readonly sameSite?: "none" | "lax" | "strict" | "explicitNone";
}

export type RpcLogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type RpcLogCategory = "user" | "system" | "customMetric";

/** A binding as the app registered it: `type` and `direction`, then whatever its type has. */
export type RpcBinding = Readonly<Record<string, unknown>>;

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, RpcBinding>>;
  readonly retryOptions?: unknown;
}

export type FunctionCallback = (...args: unknown[]) => unknown;

export interface RpcInvocationResponse {
  readonly outputData?: readonly { readonly name: string; readonly data: RpcTypedData }[];
  readonly returnValue?: RpcTypedData | null;
}

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: {
    readonly invocationId: string;
    readonly inputData: readonly { readonly name: string; readonly data: RpcTypedData }[];
    readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
    readonly traceContext: { readonly traceParent: string; readonly traceState: string };
  };
  readonly metadata: FunctionMetadata;
  state?: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  log(level: RpcLogLevel, category: RpcLogCategory, message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<RpcInvocationResponse>;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}
