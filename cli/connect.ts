import { readRunning } from "../local/running.ts";
import { unproxied } from "../local/unproxied.ts";
import type { App } from "../shared/app.ts";
import { Failure } from "../shared/model/failure.ts";

/**
 * The product as configured: from the environment when `AzureWebJobsStorage` is set there, else as `wharfgate up` runs it
 * from the data folder.
 */
export async function connect(dataDir: string, environment: NodeJS.ProcessEnv = process.env): Promise<App> {
  // Loaded only now, so that `--help` is quick.
  const [{ createApp }, { readSettings }] = await Promise.all([
    import("../shared/app.ts"),
    import("../shared/settings.ts"),
  ]);
  if (Object.keys(environment).some((name) => /^AzureWebJobsStorage(?:__|$)/.test(name))) {
    return createApp(readSettings(environment), "command");
  }
  const running = await readRunning(dataDir);
  if (running === undefined) {
    throw new Failure(
      "invalid",
      `Nothing runs from the data folder ${dataDir}: start it by \`npm start\` in another terminal, name another folder by --data, or give the settings of a deployed app in the environment (docs/settings.md)`,
    );
  }
  // The identity's SDK reads where the identity is from the process itself, and nowhere else.
  for (const name of ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]) {
    const value = running.environment[name];
    if (value !== undefined) environment[name] = value;
  }
  Object.assign(environment, unproxied(environment));
  return createApp(readSettings({ ...environment, ...running.environment }));
}
