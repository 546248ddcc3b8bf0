import { app } from "@azure/functions";
import { invoke } from "./invoke.ts";

app.timer("schedule", {
  schedule: "0 * * * * *",
  handler: invoke((wharfgate, _timer, signal) => wharfgate.schedule(signal)),
});

app.timer("sweep", {
  schedule: "30 */5 * * * *",
  handler: invoke((wharfgate, _timer, signal) => wharfgate.sweep(signal)),
});
