import { app } from "@azure/functions";
import { openApp } from "./invoke.ts";

// Begun once all functions are registered, so that the first message does not wait for the SDKs. A failure is the first
// invocation's to report.
app.hook.appStart(() => {
  openApp().catch(() => {});
});
