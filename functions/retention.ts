import { app } from "@azure/functions";
import { actorOf, readJson, serve } from "./http-edge.ts";

app.http("proposeRemoval", {
  methods: ["POST"],
  route: "retention/proposals",
  authLevel: "function",
  handler: serve("Admin", async (wharfgate, request, signal) => ({
    status: 201,
    jsonBody: await wharfgate.proposals.propose(await readJson(request), actorOf(wharfgate, request), signal),
  })),
});

app.http("listProposals", {
  methods: ["GET"],
  route: "retention/proposals",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, _request, signal) => ({
    jsonBody: await wharfgate.proposals.list(signal),
  })),
});

app.http("getProposal", {
  methods: ["GET"],
  route: "retention/proposals/{id}",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.proposals.show(request.params.id ?? "", signal),
  })),
});

app.http("applyProposal", {
  methods: ["POST"],
  route: "retention/proposals/{id}/apply",
  authLevel: "function",
  handler: serve("Admin", async (wharfgate, request, signal) => ({
    status: 202,
    jsonBody: await wharfgate.proposals.apply(request.params.id ?? "", actorOf(wharfgate, request), signal),
  })),
});
