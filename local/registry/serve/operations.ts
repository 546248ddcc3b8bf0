import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access, Action, Need } from "../access/access.ts";
import { OciError } from "../oci-error.ts";
import type { PullThrough } from "../pull-through.ts";
import { parseRoute, type Route } from "../route.ts";
import type { Store } from "../store/store.ts";
import { changeManifest, changeTag, deleteTag, showManifest, showTag } from "./attributes.ts";
import { deleteBlob, pullBlob } from "./blobs.ts";
import { type Call, sendJson } from "./call.ts";
import { listReferrers, listRepositories, listTags } from "./listings.ts";
import { deleteManifest, pullManifest, pushManifest } from "./manifests.ts";
import {
  cancelUpload,
  continueUpload,
  finishUpload,
  type MayPull,
  showUpload,
  startUpload,
} from "./uploads.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly store: Store;
  readonly access: Access;
  readonly mode: "open" | "read-only";
  /** Whether it has Azure Container Registry's endpoints beside the specification's. */
  readonly api: "acr" | "oci";
  readonly pullThrough?: PullThrough;
}

interface Operation<R> {
  readonly action: Action;
  run(call: Call, route: R, mayPull: MayPull): Promise<void>;
}

type Operations = {
  readonly [K in Route["kind"]]: Readonly<Record<string, Operation<Extract<Route, { kind: K }>>>>;
};

const reading = <R>(run: Operation<R>["run"]) => ({
  GET: { action: "pull", run } as const,
  HEAD: { action: "pull", run } as const,
});

const operations: Operations = {
  ping: reading(async (call) => sendJson(call, {})),
  catalog: reading(listRepositories),
  tags: reading(listTags),
  referrers: reading(listReferrers),
  manifest: {
    ...reading(pullManifest),
    PUT: { action: "push", run: pushManifest },
    DELETE: { action: "delete", run: deleteManifest },
  },
  blob: { ...reading(pullBlob), DELETE: { action: "delete", run: deleteBlob } },
  uploads: {
    POST: {
      action: "push",
      run: (call, { repository }, mayPull) => startUpload(call, { repository, mayPull }),
    },
  },
  upload: {
    GET: { action: "push", run: showUpload },
    PATCH: { action: "push", run: continueUpload },
    PUT: { action: "push", run: finishUpload },
    DELETE: { action: "push", run: cancelUpload },
  },
  "tag-attributes": {
    GET: { action: "metadata_read", run: showTag },
    PATCH: { action: "metadata_write", run: changeTag },
    DELETE: { action: "delete", run: deleteTag },
  },
  "manifest-attributes": {
    GET: { action: "metadata_read", run: showManifest },
    PATCH: { action: "metadata_write", run: changeManifest },
  },
};

const reads: ReadonlySet<Action> = new Set(["pull", "metadata_read"]);

/** Finds the operation that a request asks for, checks that the caller may, and runs it. */
export async function serve(exchange: Exchange): Promise<void> {
  const { request, response, store, access, mode, api, pullThrough } = exchange;
  const [path = "", ...query] = (request.url ?? "").split("?");
  const route = parseRoute(path);
  if (route === undefined || (api === "oci" && path.startsWith("/acr/")))
    throw new OciError(404, "UNSUPPORTED", "this path is not part of the registry's API");
  const operation = operationFor(route, request.method ?? "");
  authorize(access, request, needOf(route, operation.action));
  if (mode === "read-only" && !reads.has(operation.action)) {
    throw new OciError(405, "UNSUPPORTED", "this registry is read-only");
  }
  const filled = "repository" in route ? pullThrough?.find(route.repository) : undefined;
  if (filled !== undefined && operation.action === "push") {
    throw new OciError(403, "DENIED", `the repository is filled by ${filled.by} and takes no pushes`);
  }
  const call: Call = {
    request,
    response,
    store,
    query: new URLSearchParams(query.join("?")),
    ...(pullThrough && { pullThrough }),
  };
  const mayPull: MayPull = async (repository) =>
    access.authorize(request, { kind: "repository", repository, action: "pull" }).kind === "granted";
  await operation.run(call, route, mayPull);
}

// The table's type ties each route to its own operations; looking one up by a kind that varies loses that tie.
function operationFor(route: Route, method: string): Operation<Route> {
  const known = operations[route.kind] as Readonly<Record<string, Operation<Route>>>;
  const operation = Object.hasOwn(known, method) ? known[method] : undefined;
  if (operation !== undefined) return operation;
  const allow = Object.keys(known).join(", ");
  throw new OciError(405, "UNSUPPORTED", `this path takes ${allow}`, { headers: { Allow: allow } });
}

function needOf(route: Route, action: Action): Need {
  if (route.kind === "ping") return { kind: "identity" };
  if (route.kind === "catalog") return { kind: "catalog" };
  return { kind: "repository", repository: route.repository, action };
}

function authorize(access: Access, request: IncomingMessage, need: Need): void {
  const verdict = access.authorize(request, need);
  if (verdict.kind === "granted") return;
  throw new OciError(401, "UNAUTHORIZED", "authentication is required for this", {
    headers: { "WWW-Authenticate": verdict.header },
  });
}
