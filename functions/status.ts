import { app } from "@azure/functions";
import { serve } from "./http-edge.ts";

app.http("status", {
  methods: ["GET"],
  route: "status",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, _request, signal) => ({
    jsonBody: await wharfgate.status(signal),
  })),
});

// For load balancers and uptime checks, hence without a key: it tells nothing but that the app runs and reaches its storage.
app.http("healthz", {
  methods: ["GET"],
  route: "healthz",
  authLevel: "anonymous",
  handler: serve("anyone", async (wharfgate, _request, signal) => {
    await wharfgate.stores.ticks.last(signal);
    return { jsonBody: { status: "ok" } };
  }),
});
