import { Failure, type FailureCode } from "../model/failure.ts";

/** HTTP status of an Azure SDK error, or undefined when it never got an answer. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** Azure's own error code, such as `TableNotFound`. */
export function serviceCodeOf(error: unknown): string | undefined {
  const { code, details } = (error ?? {}) as {
    code?: unknown;
    details?: { errorCode?: unknown; odataError?: { code?: unknown } };
  };
  for (const found of [details?.odataError?.code, details?.errorCode, code]) {
    if (typeof found === "string") return found;
  }
  return undefined;
}

const byStatus: Readonly<Record<number, FailureCode>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  408: "timeout",
  409: "conflict",
  412: "conflict",
  413: "too-large",
  429: "rate-limited",
};

export function codeOfStatus(status: number): FailureCode {
  return byStatus[status] ?? (status >= 500 ? "unavailable" : "protocol");
}

/** Turns an Azure SDK error into a `Failure`. The SDK's message can hold headers and URLs with signatures: left out. */
export function azureFailure(error: unknown, doing: string): Failure {
  if (error instanceof Failure) return error;
  const status = statusOf(error);
  const name = (error as Error | null)?.name;
  if (name === "AbortError") return new Failure("canceled", `${doing}: canceled`);
  if (status === undefined) {
    const code = (error as { code?: unknown } | null)?.code;
    const network = typeof code === "string" && /^E[A-Z]+$|REQUEST_SEND_ERROR|UND_ERR/.test(code);
    return new Failure(network ? "network" : "internal", `${doing}: ${network ? code : messageOf(error)}`, {
      cause: error,
    });
  }
  return new Failure(
    codeOfStatus(status),
    `${doing}: storage answered ${status} ${serviceCodeOf(error) ?? ""}`.trimEnd(),
    {
      context: { status },
    },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
