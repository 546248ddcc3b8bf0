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

/** The services of a storage account, with the least built-in role that lets one work with its data. */
const storageRoles = {
  tables: "Storage Table Data Contributor",
  queues: "Storage Queue Data Contributor",
  blobs: "Storage Blob Data Contributor",
} as const;

/** Turns an Azure SDK error into a `Failure`. The SDK's message can hold headers and URLs with signatures: left out. */
export function azureFailure(error: unknown, doing: string, service: keyof typeof storageRoles): Failure {
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
  const serviceCode = serviceCodeOf(error);
  const said = `${doing}: storage answered ${status} ${serviceCode ?? ""}`.trimEnd();
  const advice = status === 403 ? `: ${forbiddenAdvice(serviceCode, storageRoles[service])}` : "";
  return new Failure(codeOfStatus(status), `${said}${advice}`, { context: { status } });
}

// https://learn.microsoft.com/troubleshoot/azure/azure-storage/blobs/authentication/storage-troubleshoot-403-errors
function forbiddenAdvice(serviceCode: string | undefined, role: string): string {
  const byRole = `give whoever runs this the role "${role}" on the storage account`;
  switch (serviceCode) {
    case "AuthorizationPermissionMismatch":
      return byRole;
    case "KeyBasedAuthenticationNotPermitted":
      return `it takes no keys: set AzureWebJobsStorage__accountName in place of a connection string, and ${byRole}`;
    default:
      return `${byRole}, and let the account's network rules admit it`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
