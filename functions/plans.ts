import { app } from "@azure/functions";
import { readJson, serve } from "./http-edge.ts";

// A POST for its body's sake: it changes and writes nothing.
app.http("plan", {
  methods: ["POST"],
  route: "plan",
  authLevel: "function",
  handler: serve("Importer", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.answerPlan(await readJson(request), signal),
  })),
});
