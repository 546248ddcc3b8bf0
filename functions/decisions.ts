import { app } from "@azure/functions";
import { actorOf, readJson, serve } from "./http-edge.ts";

app.http("decideOnImport", {
  methods: ["POST"],
  route: "imports/{id}/decisions",
  authLevel: "function",
  handler: serve("Approver", async (wharfgate, request, signal) => {
    const decided = {
      importId: request.params.id ?? "",
      body: await readJson(request),
      actor: actorOf(wharfgate, request),
      fourEyes: wharfgate.callers === "named" ? ("required" as const) : ("unknown" as const),
    };
    return { jsonBody: (await wharfgate.decideOnImport(decided, signal)).import };
  }),
});
