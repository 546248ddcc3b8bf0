import { app } from "@azure/functions";
import { Failure } from "../shared/model/failure.ts";
import { serve } from "./http-edge.ts";

app.http("evidence", {
  methods: ["GET"],
  route: "evidence",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, request, signal) => {
    const image = request.query.get("image");
    if (image === null) throw new Failure("invalid", "Name an image: ?image=mirror/app:1.0.0");
    return { jsonBody: await wharfgate.evidence.find(image, signal) };
  }),
});

app.http("exportEvidence", {
  methods: ["GET"],
  route: "evidence/export",
  authLevel: "function",
  handler: serve("Reader", async (wharfgate, request, signal) => ({
    jsonBody: await wharfgate.evidence.page(Object.fromEntries(request.query), signal),
  })),
});
