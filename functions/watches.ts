import { app } from "@azure/functions";
import { actorOf, readJson, serve } from "./http-edge.ts";

app.http("pollWatch", {
  methods: ["POST"],
  route: "watches/{group}/{name}/poll",
  authLevel: "function",
  handler: serve("Importer", async (wharfgate, request, signal) => {
    const { params } = request;
    const watch = { group: params.group ?? "", name: params.name ?? "" };
    await wharfgate.requestPoll(watch, actorOf(wharfgate, request), signal);
    return { status: 202, jsonBody: { watch: `${watch.group}/${watch.name}`, polling: true } };
  }),
});

app.http("sweepNow", {
  methods: ["POST"],
  route: "sweep",
  authLevel: "function",
  handler: serve("Importer", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.requestSweep(await readJson(request), actorOf(wharfgate, request), signal),
  })),
});
