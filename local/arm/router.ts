import type { IncomingMessage } from "node:http";
import { toFailure } from "../../shared/model/failure.ts";
import type { ArmAnswer, ArmOperation } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import { readJson } from "./body.ts";
import type { ArmFaults } from "./faults.ts";

/** What the server answers to, and below which paths. */
export interface Routes {
  readonly resourceId: string;
  readonly operationsPath: string;
  /** Against what follows the registry's resource id. */
  readonly registry: readonly ArmOperation[];
  /** Against what follows `operationsPath`. */
  readonly operations: ArmOperation;
}

/** What a request meets before an operation handles it. */
export interface Desk {
  readonly routes: Routes;
  readonly origin: string;
  readonly faults: ArmFaults;
  readonly accepts: (token: string, audience: string) => boolean;
}

export type NamedAnswer = ArmAnswer & { readonly operation: string };

/**
 * Token, path, method, api-version, body, operation: in the order in which ARM checks them. Errors become
 * ARM's answers.
 */
export async function answer(request: IncomingMessage, desk: Desk): Promise<NamedAnswer> {
  try {
    return await dispatch(request, desk);
  } catch (error) {
    return toErrorAnswer(error, "none");
  }
}

async function dispatch(request: IncomingMessage, desk: Desk): Promise<NamedAnswer> {
  authorize(request, desk);
  const url = new URL(request.url ?? "/", desk.origin);
  const { operation, parameters } = findOperation(desk.routes, request.method ?? "", url.pathname);
  checkVersion(url.searchParams.get("api-version"), operation);
  const body = await readJson(request);
  const fault = desk.faults.answer?.(operation.id);
  try {
    const given =
      fault ?? (await operation.handle({ origin: desk.origin, parameters, query: url.searchParams, body }));
    return { operation: operation.id, ...given };
  } catch (error) {
    return toErrorAnswer(error, operation.id);
  }
}

function authorize(request: IncomingMessage, { accepts, origin }: Desk): void {
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) {
    throw new ArmError(
      401,
      "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is missing.",
    );
  }
  if (!accepts(token, origin)) {
    throw new ArmError(
      401,
      "InvalidAuthenticationToken",
      "The access token is invalid, or meant for another audience.",
    );
  }
}

function findOperation(
  { resourceId, operationsPath, registry, operations }: Routes,
  method: string,
  path: string,
): { readonly operation: ArmOperation; readonly parameters: readonly string[] } {
  const behindOperations = behind(operationsPath, path);
  const behindRegistry = behind(resourceId, path);
  for (const operation of behindOperations === undefined ? registry : [operations]) {
    const match = operation.path.exec(behindOperations ?? behindRegistry ?? "/");
    if (match !== null && operation.method === method) {
      return { operation, parameters: match.slice(1).map(decodeURIComponent) };
    }
  }
  throw new ArmError(404, "ResourceNotFound", `The Resource '${path.slice(0, 300)}' was not found.`);
}

/** Resource ids compare without regard to case. */
function behind(prefix: string, path: string): string | undefined {
  return path.toLowerCase().startsWith(prefix.toLowerCase()) ? path.slice(prefix.length) : undefined;
}

function checkVersion(version: string | null, { id, apiVersion }: ArmOperation): void {
  if (version === apiVersion) return;
  if (version === null) {
    throw new ArmError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required.",
    );
  }
  throw new ArmError(
    400,
    "InvalidApiVersionParameter",
    `${id} takes api-version ${apiVersion}, not '${version.slice(0, 40)}'.`,
  );
}

function toErrorAnswer(error: unknown, operation: string): NamedAnswer {
  const { status, code, message } =
    error instanceof ArmError
      ? error
      : new ArmError(500, "InternalServerError", toFailure(error, "answering").message);
  return { operation, status, body: { error: { code, message } } };
}
