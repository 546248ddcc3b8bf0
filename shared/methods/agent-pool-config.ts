import { type Digest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseReference } from "../model/reference.ts";

/** Where copies run in the customer's network, and with which tool. */
export interface AgentPoolConfig {
  readonly pool: string;
  /** Image of crane in the own registry, pinned: `{ repository: "tools/crane", digest }`. */
  readonly copyTool: { readonly repository: string; readonly digest: Digest };
  /** Milliseconds that a run may stay queued at a pool that does no work meanwhile, before it is canceled. */
  readonly queuedLimitMs: number;
}

const usualQueuedLimitMs = 10 * 60_000;

/** Throws `invalid`, naming the setting. `copyTool` is `tools/crane@sha256:…`, without a host and without a tag. */
export function parseAgentPoolConfig(raw: {
  readonly pool: string;
  readonly copyTool: string;
  readonly queuedLimitMs?: number;
}): AgentPoolConfig {
  const { queuedLimitMs = usualQueuedLimitMs } = raw;
  if (!Number.isSafeInteger(queuedLimitMs) || queuedLimitMs <= 0)
    throw new Failure("invalid", `an agent pool's limit is positive milliseconds, not ${queuedLimitMs}`);
  return { pool: parsePool(raw.pool), copyTool: parseCopyTool(raw.copyTool), queuedLimitMs };
}

function parsePool(text: string): string {
  if (/^[a-zA-Z0-9-]{3,20}$/.test(text)) return text;
  throw new Failure(
    "invalid",
    `WHARFGATE_AGENT_POOL "${printable(text)}" is not an agent pool: expected 3 to 20 letters, digits or -`,
  );
}

// The tool's name goes into the task's command line, which a shell reads: nothing but the repository grammar
// gets there.
function parseCopyTool(text: string): AgentPoolConfig["copyTool"] {
  try {
    // A host of our own in front makes the reference's first part a path and refuses one that is a host itself.
    const { path, tag, digest } = parseReference(`registry.invalid/${text}`);
    if (digest !== undefined && tag === undefined) return { repository: path, digest };
  } catch (error) {
    throw new Failure("invalid", copyToolMessage(text), { cause: error });
  }
  throw new Failure("invalid", copyToolMessage(text));
}

function copyToolMessage(text: string): string {
  return (
    `WHARFGATE_COPY_TOOL "${printable(text)}" is not a pinned image in the own registry: ` +
    "expected a repository and a digest, such as tools/crane@sha256:<64 hex digits>"
  );
}
