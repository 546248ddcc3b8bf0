import { app } from "@azure/functions";
import { actorOf, readJson, serve } from "./http-edge.ts";

app.http("unlock", {
  methods: ["POST"],
  route: "unlock",
  authLevel: "function",
  handler: serve("Admin", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.unlock(await readJson(request), actorOf(wharfgate, request), signal),
  })),
});
