import type { ImportImageParameters } from "@azure/arm-containerregistry";
import { retryAfterMs } from "../http/retry-after.ts";
import { Failure } from "../model/failure.ts";
import { type AcrClient, requireOrigin } from "./acr-client.ts";
import { statusFailure } from "./acr-failure.ts";
import type { AcrImportRequest, AcrImportState, RunningAcrImport, StartedAcrImport } from "./acr-port.ts";
import { serviceText } from "./service-text.ts";

// The service asks for 10 s between questions; this stands in where it asks for nothing.
const defaultCheckAfterMs = 10_000;
// Newer operation URLs carry a signed certificate of a few KB in their query. The ledger's row must hold the
// operation.
const maxPathLength = 16_384;

/**
 * Registries_ImportImage. The SDK's `begin` sends the POST and then asks once about the operation, as it
 * always does; what that first question brings is left to `checkImport`, since the accepted import must be
 * remembered whatever it says.
 */
export async function startImport(
  client: AcrClient,
  request: AcrImportRequest,
  signal: AbortSignal,
): Promise<StartedAcrImport> {
  const { resourceGroup, name } = client.resource;
  let accepted: Answer | undefined;
  const started = client.call({ doing: "starting an import", right: "import", signal }, (sdk) =>
    sdk.registries.beginImportImage(resourceGroup, name, toParameters(request), {
      abortSignal: signal,
      onResponse(response) {
        // The SDK hides the error of a refused request from this callback.
        if (response.status < 300) accepted ??= response;
      },
    }),
  );
  const failed = await started.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (accepted === undefined) throw whileChanged(failed);
  const operation = readOperation(client, accepted);
  if (operation === undefined) {
    if (accepted.status !== 202) return { kind: "done" };
    throw new Failure(
      "protocol",
      `registry ${name}: ARM accepted an import (${accepted.status}) but names no operation to ask about`,
    );
  }
  return operation;
}

/** ARM takes no import while the registry itself is being changed; a lock that somebody has put on it stays. */
function whileChanged(failed: unknown): unknown {
  if (!(failed instanceof Failure) || failed.code !== "conflict" || failed.message.includes("ScopeLocked"))
    return failed;
  return new Failure("unavailable", failed.message, {
    context: failed.context,
    ...(failed.retryAfterMs === undefined ? {} : { retryAfterMs: failed.retryAfterMs }),
  });
}

/**
 * One GET of the operation's Location through the SDK's own pipeline (its token, its user agent). The SDK's
 * poller could be resumed from a serialised state instead, but that state is an internal format of core-lro,
 * it does not exist when the first poll of `begin` failed, and it hides Retry-After.
 */
export async function checkImport(
  client: AcrClient,
  path: string,
  signal: AbortSignal,
): Promise<AcrImportState> {
  const doing = "asking about an import";
  const url = requireOrigin(path, client.origin).href;
  const { createPipelineRequest } = await import("@azure/core-rest-pipeline");
  const response = await client.call({ doing, right: "import", signal }, (sdk) =>
    sdk.sendRequest(createPipelineRequest({ url, abortSignal: signal })).catch(answerOf),
  );
  const body = readBody(response.bodyAsText ?? "");
  switch (response.status) {
    case 202:
      return readOperation(client, response) ?? stillRunning(path, response);
    case 200:
    case 201:
    case 204:
      return settled(body) ?? stillRunning(path, response);
    case 404:
      return { kind: "forgotten" };
    case 400:
    case 409:
      return { kind: "failed", text: body.text === "" ? `status ${response.status}` : body.text };
    default: {
      const retryAfter = response.headers.get("retry-after");
      throw statusFailure({
        status: response.status,
        text: body.text,
        doing: `${doing} at registry ${client.resource.name}`,
        right: "import",
        ...(retryAfter === undefined ? {} : { retryAfter }),
      });
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly bodyAsText?: string | null;
}

/** The SDK throws for a body that is not JSON; the answer that it has read is all the same an answer. */
function answerOf(error: unknown): Answer {
  const response = (error as { response?: Answer } | null)?.response;
  if (response === undefined) throw error;
  return response;
}

function readOperation(client: AcrClient, answer: Answer): RunningAcrImport | undefined {
  // The specification names Location; other operations of ARM name the other one, and their status stands in the body.
  const location = answer.headers.get("location") ?? answer.headers.get("azure-asyncoperation");
  if (location === undefined) return undefined;
  const { pathname, search } = requireOrigin(location, client.origin);
  const path = `${pathname}${search}`;
  if (path.length > maxPathLength) {
    throw new Failure(
      "too-large",
      `registry ${client.resource.name}: an operation's URL has ${path.length} characters`,
    );
  }
  return stillRunning(path, answer);
}

/** Some ARM operations answer 200 with a status of their own in the body, also while they run: undefined. */
function settled({ status, text }: Body): AcrImportState | undefined {
  switch (status) {
    case "":
    case "succeeded":
      return { kind: "done" };
    case "failed":
    case "canceled":
      return { kind: "failed", text: text === "" ? status : text };
    default:
      return undefined;
  }
}

/** Retry-After counts in any answer, whether or not it names the operation again. */
function stillRunning(path: string, { headers }: Answer): RunningAcrImport {
  const checkAfterMs = retryAfterMs(headers.get("retry-after"), new Date()) ?? defaultCheckAfterMs;
  return { kind: "running", path, checkAfterMs };
}

interface Body {
  readonly status: string;
  readonly text: string;
}

/** Failures come as ARM's `{ error: { code, message } }` or as bare text. */
function readBody(text: string): Body {
  try {
    const { status, error } = (JSON.parse(text) ?? {}) as {
      status?: unknown;
      error?: Record<string, unknown>;
    };
    const words = [error?.code, error?.message].filter((word) => typeof word === "string");
    return {
      status: typeof status === "string" ? status.toLowerCase() : "",
      text: serviceText(words.length === 0 ? text : words.join(": ")),
    };
  } catch {
    return { status: "", text: serviceText(text) };
  }
}

function toParameters({ source, target, mode }: AcrImportRequest): ImportImageParameters {
  const { host, repository, digest, credential } = source;
  return {
    source: {
      registryUri: host,
      sourceImage: `${repository}@${digest}`,
      ...(credential === undefined
        ? {}
        : { credentials: { username: credential.username, password: credential.password } }),
    },
    ...(target.tag === undefined
      ? { untaggedTargetRepositories: [target.repository] }
      : { targetTags: [`${target.repository}:${target.tag}`] }),
    mode,
  };
}
