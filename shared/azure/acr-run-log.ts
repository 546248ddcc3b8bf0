import { Failure, toFailure } from "../model/failure.ts";
import type { AcrClient } from "./acr-client.ts";

const tailBytes = 8192;
// A firewall that swallows packets must not hold up the run's end, which is recorded without its log then.
const limitMs = 15_000;

/**
 * Runs_GetLogSasUrl, then the end of the blob behind it. The URL is itself the secret, so it never leaves
 * this function and no ARM token goes to it. Blobs know no suffix ranges, hence the HEAD.
 */
export async function readRunLog(client: AcrClient, runId: string, signal: AbortSignal): Promise<string> {
  const { resourceGroup, name } = client.resource;
  const doing = `reading the log of run ${runId} at registry ${name}`;
  const { logLink } = await client.call({ doing, right: "run", signal }, (sdk) =>
    sdk.runs.getLogSasUrl(resourceGroup, name, runId, { abortSignal: signal }),
  );
  const url = URL.parse(logLink ?? "");
  if (url?.protocol !== "https:") throw new Failure("protocol", `${doing}: ARM gave no https link`);
  const within = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  try {
    const head = await fetch(url, { method: "HEAD", redirect: "error", signal: within });
    const size = Number(head.headers.get("content-length"));
    if (!head.ok || !Number.isSafeInteger(size))
      throw new Failure("protocol", `${doing}: storage answered ${head.status}`);
    if (size === 0) return "";
    const range = `bytes=${Math.max(0, size - tailBytes)}-${size - 1}`;
    const body = await fetch(url, { headers: { range }, redirect: "error", signal: within });
    if (!body.ok) throw new Failure("protocol", `${doing}: storage answered ${body.status}`);
    return (await readTail(body)).trimEnd();
  } catch (error) {
    if (error instanceof TypeError) throw new Failure("network", `${doing}: storage could not be reached`);
    throw toFailure(error, doing);
  }
}

/** At most `tailBytes`, also where the range was ignored. */
async function readTail(response: Response): Promise<string> {
  let tail = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    tail = Buffer.concat([tail, chunk]).subarray(-tailBytes);
  }
  return tail.toString("utf8");
}
