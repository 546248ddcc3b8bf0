import type { IncomingMessage, ServerResponse } from "node:http";
import type { WantedPort } from "../listen.ts";
import { type LoopbackOptions, type LoopbackServer, startLoopbackServer } from "../loopback-server.ts";
import type { AccessOptions } from "./access/access.ts";
import { createAccess } from "./access/members.ts";
import { OciError } from "./oci-error.ts";
import type { PullThrough } from "./pull-through.ts";
import { serve } from "./serve/operations.ts";
import { openStore } from "./store/store.ts";

export interface RegistryOptions {
  /** Folder of everything it keeps; made when it is missing. One registry per folder. */
  readonly root: string;
  readonly access: AccessOptions;
  /** `open`, the default, takes pushes and deletes from who may; `read-only` refuses them to all. */
  readonly mode?: "open" | "read-only";
  /** Fills some of its repositories from elsewhere. */
  readonly pullThrough?: PullThrough;
  readonly port?: WantedPort;
  readonly address?: LoopbackOptions["address"];
  /** Told of each request when it has been answered. */
  readonly onRequest?: (request: AnsweredRequest) => void;
  /** Told of defects and of disk errors, one line each. */
  readonly log?: (line: string) => void;
}

export interface AnsweredRequest {
  readonly method: string;
  /** Path and query; holds no secrets, since tokens travel in headers and bodies. */
  readonly url: string;
  readonly status: number;
}

/** Long enough for a large layer from a slow source. */
const requestTimeoutMs = 60 * 60 * 1000;

/** Starts an OCI registry on loopback, over http. Source: OCI distribution specification 1.1, all four categories. */
export async function startRegistry(options: RegistryOptions): Promise<LoopbackServer> {
  const { root, mode = "open", port = 0, address = "127.0.0.1" } = options;
  const { pullThrough, onRequest, log = () => {} } = options;
  const store = openStore(root);
  await store.clearDrafts();
  const access = createAccess(options.access);
  const api = options.access.kind === "acr" ? "acr" : "oci";

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    response.once("close", () =>
      onRequest?.({ method: request.method ?? "", url: request.url ?? "", status: response.statusCode }),
    );
    try {
      if (await access.answer(request, response)) return;
      await serve({ request, response, store, access, mode, api, ...(pullThrough && { pullThrough }) });
    } catch (error) {
      sendError(response, error, log);
    }
  }

  return startLoopbackServer({
    handler: (request, response) => void handle(request, response),
    port,
    address,
    requestTimeoutMs,
  });
}

function sendError(response: ServerResponse, error: unknown, log: (line: string) => void): void {
  const known = error instanceof OciError ? error : undefined;
  // A client that hangs up in the middle is no defect of ours.
  if (response.destroyed) return;
  if (known === undefined) log(`registry: ${error instanceof Error ? error.message : String(error)}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message, headers } =
    known ?? new OciError(500, "UNKNOWN", "the registry failed to answer; its log says why");
  const body = JSON.stringify({ errors: [{ code, message }] });
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
