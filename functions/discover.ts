import { app } from "@azure/functions";
import { actorOf, readJson, serve } from "./http-edge.ts";

app.http("discover", {
  methods: ["POST"],
  route: "discover",
  authLevel: "function",
  handler: serve("Importer", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.answerDiscover(await readJson(request), actorOf(wharfgate, request), signal),
  })),
});
