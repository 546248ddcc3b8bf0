import type { IncomingMessage } from "node:http";
import { ArmError } from "./arm-error.ts";

const maxBytes = 1024 * 1024;

/** The request's JSON; undefined when it has no body. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  // Read to its end all the same: who breaks off resets the connection, and the answer with it.
  if (size > maxBytes) {
    throw new ArmError(413, "RequestContentTooLarge", `the body has more than ${maxBytes} bytes`);
  }
  if (size === 0) return undefined;
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new ArmError(415, "UnsupportedMediaType", "the body must be application/json");
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new ArmError(400, "InvalidRequestContent", "the body is not JSON");
  }
}
