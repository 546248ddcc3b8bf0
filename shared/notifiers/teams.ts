import { createHash } from "node:crypto";
import { z } from "zod";
import { retryAfterMs } from "../http/retry-after.ts";
import { Failure, type FailureCode, toFailure } from "../model/failure.ts";
import { renderCard } from "./card.ts";
import { parseConfig } from "./config.ts";
import { isLoopback } from "./loopback.ts";
import type { NotifierMember } from "./notifier.ts";
import { summarize } from "./summary.ts";

/** A Workflows webhook. Its URL carries a signature, so it is a secret. */
export interface TeamsConfig {
  readonly webhookUrl: string;
}

const schema = z.strictObject({
  kind: z.literal("teams"),
  webhookUrl: z.string().max(2_000).refine(isWebhook, "must be an https URL (http only for this machine)"),
});

const timeoutMs = 15_000;
const maxAnswerBytes = 16_384;

/**
 * Posts an Adaptive Card to a Teams workflow ("When a Teams webhook request is received"). An accepted request does not prove
 * a posted card: the flow runs later. Failures name the status and never the URL.
 * Source: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
export const teams: NotifierMember<TeamsConfig> = {
  kind: "teams",
  parse: (config) =>
    parseConfig(schema, config, '{"kind":"teams","webhookUrl":"https://….logic.azure.com/workflows/…"}'),
  create: ({ webhookUrl }, { statusUrl }) => ({
    send: ({ key, events }, signal) =>
      post({ webhookUrl, key, body: JSON.stringify(renderCard(summarize(events), statusUrl)) }, signal),
  }),
};

function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const bare = url.username === "" && url.password === "";
  return bare && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)));
}

interface Post {
  readonly webhookUrl: string;
  readonly key: string;
  readonly body: string;
}

async function post({ webhookUrl, key, body }: Post, signal: AbortSignal): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    // Loaded with the first card: all of it would else be in every process.
    const { request } = await import("undici");
    const answer = await request(webhookUrl, {
      method: "POST",
      // A flow can read the key from its trigger's headers and drop a repeat.
      headers: {
        "content-type": "application/json",
        "idempotency-key": createHash("sha256").update(key).digest("hex"),
      },
      body,
      signal: bounded,
    });
    await answer.body.dump({ limit: maxAnswerBytes, signal: bounded });
    const retryAfter = answer.headers["retry-after"];
    refuse(answer.statusCode, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
  } catch (error) {
    throw signal.aborted ? toFailure(signal.reason, "posting to Teams") : withoutUrl(error);
  }
}

function refuse(status: number, retryAfter: string | undefined): void {
  if (status >= 200 && status < 300) return;
  const [code, advice] = meaning(status);
  const waitMs = retryAfterMs(retryAfter, new Date());
  throw new Failure(code, `the Teams webhook answered ${status}: ${advice}`, {
    context: { status },
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}

function meaning(status: number): readonly [FailureCode, string] {
  if (status === 429) return ["rate-limited", "too many messages, it will be sent later"];
  if (status === 408) return ["timeout", "it took too long, it will be sent later"];
  if (status >= 500) return ["unavailable", "Workflows is not available, it will be sent later"];
  if (status === 401)
    return ["unauthorized", "the signature in its URL is not valid; copy the URL anew from the workflow"];
  if (status === 403) return ["forbidden", "the workflow does not let us post; check who may trigger it"];
  if (status === 404 || status === 410)
    return ["not-found", "the workflow was deleted or turned off; make a new one and set its URL"];
  if (status === 413) return ["too-large", "the card is larger than it takes"];
  if (status >= 300 && status < 400)
    return ["blocked", "it redirects, which is not followed; set the final URL"];
  return ["invalid", "it does not take the card; check that its trigger is a Teams webhook request"];
}

/** Errors of the HTTP client may name the URL, so nothing of them is passed on but their code. */
function withoutUrl(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Error && error.name === "TimeoutError") {
    return new Failure("timeout", `the Teams webhook did not answer within ${timeoutMs / 1000} s`);
  }
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return new Failure(
    "network",
    `the Teams webhook cannot be reached (${code}): check the host and the firewall`,
  );
}
