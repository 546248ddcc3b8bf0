import { readRunning } from "../local/running.ts";
import { type App, createApp } from "../shared/app.ts";
import { Failure } from "../shared/model/failure.ts";
import { readSettings } from "../shared/settings.ts";

/**
 * The product as configured: from the environment when `AzureWebJobsStorage` is set there, else as `wharfgate up` runs it
 * from the data folder.
 */
export async function connect(dataDir: string, environment: NodeJS.ProcessEnv = process.env): Promise<App> {
  if (
    environment.AzureWebJobsStorage !== undefined ||
    environment.AzureWebJobsStorage__accountName !== undefined
  ) {
    return createApp(readSettings(environment));
  }
  const running = await readRunning(dataDir);
  if (running === undefined) {
    throw new Failure(
      "invalid",
      "Nothing runs on this machine: start it by `npm start` in another terminal, or set AzureWebJobsStorage and WHARFGATE_TARGET to work with a deployed app",
    );
  }
  return createApp(readSettings({ ...environment, ...running.environment }));
}
