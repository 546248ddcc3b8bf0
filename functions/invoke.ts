import type { InvocationContext } from "@azure/functions";
import type { App } from "../shared/app.ts";

let app: Promise<App> | undefined;

/** Put together at the first invocation, not at start: registration must not wait for SDKs that it does not need. */
export function openApp(): Promise<App> {
  app ??= build();
  return app;
}

async function build(): Promise<App> {
  const [{ createApp }, { readSettings }] = await Promise.all([
    import("../shared/app.ts"),
    import("../shared/settings.ts"),
  ]);
  return createApp(readSettings());
}

// A little less than host.json's functionTimeout, so that a step ends by its own signal and can say why.
const budgetMs = 9.5 * 60_000;

/** A queue or timer handler: opens the app, makes one call under a time limit, and logs what it came to as one line. */
export function invoke<Input>(call: (app: App, input: Input, signal: AbortSignal) => Promise<unknown>) {
  return async (input: Input, context: InvocationContext): Promise<void> => {
    const result = await call(await openApp(), input, AbortSignal.timeout(budgetMs));
    context.log(JSON.stringify(result ?? {}));
  };
}
