import { app } from "@azure/functions";
import { largestReport } from "../shared/gates/read-scan-report.ts";
import { actorOf, readBytes, serve } from "./http-edge.ts";

app.http("addScanReport", {
  methods: ["POST"],
  route: "scan-reports",
  authLevel: "function",
  handler: serve("Approver", async (wharfgate, request, signal) => {
    const [digest, createdAt] = [request.query.get("digest"), request.query.get("createdAt")];
    const upload = {
      bytes: await readBytes(request, largestReport),
      actor: actorOf(wharfgate, request),
      ...(digest !== null && { digest }),
      ...(createdAt !== null && { createdAt }),
    };
    return { status: 201, jsonBody: await wharfgate.addScanReport(upload, signal) };
  }),
});
