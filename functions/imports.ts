import { app, type HttpRequest } from "@azure/functions";
import { actorOf, readJson, serve } from "./http-edge.ts";

app.http("requestImport", {
  methods: ["POST"],
  route: "imports",
  authLevel: "function",
  handler: serve("Importer", async (wharfgate, request, signal) => {
    const idempotencyKey = request.headers.get("idempotency-key");
    const asked = {
      body: await readJson(request),
      actor: actorOf(wharfgate, request),
      ...(idempotencyKey === null ? {} : { idempotencyKey }),
    };
    const importId = await wharfgate.requestImport(asked, signal);
    const location = new URL(`imports/${importId}`, baseOf(request)).href;
    return { status: 202, headers: { location }, jsonBody: { importId, location } };
  }),
});

app.http("getImport", {
  methods: ["GET"],
  route: "imports/{id}",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.getImport(request.params.id ?? "", signal),
  })),
});

app.http("listImports", {
  methods: ["GET"],
  route: "imports",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.listImports(Object.fromEntries(request.query), signal),
  })),
});

function baseOf({ url }: HttpRequest): string {
  return url.replace(/imports(?:\?.*)?$/, "");
}
