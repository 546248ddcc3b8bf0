import { ContainerClient } from "@azure/storage-blob";
import { azureFailure, statusOf } from "../../shared/azure/failures.ts";
import { storageRetries } from "./storage-retries.ts";
import type { TimerStatus } from "./timer-decisions.ts";

/** Where a timer's status outlives the process. */
export interface TimerState {
  read(): Promise<TimerStatus | undefined>;
  write(status: TimerStatus): Promise<void>;
}

/** Keeps it where the real host does: container `azure-webjobs-hosts`, `timers/<host id>/Host.Functions.<name>/status`. */
export function createTimerStates(
  connectionString: string,
  hostId: string,
): (functionName: string) => TimerState {
  const container = new ContainerClient(connectionString, "azure-webjobs-hosts", storageRetries);
  let created: Promise<unknown> | undefined;
  return (functionName) => {
    const blob = container.getBlockBlobClient(`timers/${hostId}/Host.Functions.${functionName}/status`);
    return {
      read: async () => {
        try {
          return parseStatus(JSON.parse((await blob.downloadToBuffer()).toString("utf8")));
        } catch (error) {
          if (statusOf(error) === 404 || error instanceof SyntaxError) return undefined;
          throw azureFailure(error, `reading the status of timer ${functionName}`, "blobs");
        }
      },
      write: async (status) => {
        const body = JSON.stringify({
          Last: (status.last ?? new Date(never)).toISOString(),
          Next: status.next.toISOString(),
          LastUpdated: status.lastUpdated.toISOString(),
        });
        try {
          created ??= container.createIfNotExists();
          await created;
          await blob.upload(body, Buffer.byteLength(body));
        } catch (error) {
          created = undefined;
          throw azureFailure(error, `writing the status of timer ${functionName}`, "blobs");
        }
      },
    };
  };
}

// .NET's default DateTime stands for "has never run".
const never = "0001-01-01T00:00:00Z";

function parseStatus(value: unknown): TimerStatus | undefined {
  const { Last, Next, LastUpdated } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const [last, next, lastUpdated] = [Last, Next, LastUpdated].map((time) => Date.parse(String(time)));
  if (last === undefined || next === undefined || lastUpdated === undefined) return undefined;
  if (Number.isNaN(last) || Number.isNaN(next) || Number.isNaN(lastUpdated)) return undefined;
  return {
    ...(last > Date.parse("0002-01-01T00:00:00Z") ? { last: new Date(last) } : {}),
    next: new Date(next),
    lastUpdated: new Date(lastUpdated),
  };
}
