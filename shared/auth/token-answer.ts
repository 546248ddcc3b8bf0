import type { HttpAnswer } from "../http/client.ts";
import { isRedirect } from "../http/redirects.ts";
import type { Clock } from "../model/clock.ts";
import { Failure } from "../model/failure.ts";
import { ambiguousKey } from "../registry/json-keys.ts";
import { statusFailure } from "../registry/status-failure.ts";
import type { Token } from "./token-cache.ts";

/** Bytes of a token service's answer, at most. */
export const largestTokenAnswer = 256 * 1024;

/** Lifetime when the service names none. Source: distribution, spec/auth/token. */
const defaultLifeSeconds = 60;

const tokenPattern = /^[\x21-\x7e]+$/;
/** What fits into a header and into servers' limits. */
const longestToken = 24_000;

/** The token under the first of `names` that the JSON answer has. Throws a typed failure for anything else. */
export function parseTokenAnswer(
  answer: HttpAnswer,
  {
    names,
    method,
    now,
    refused,
  }: {
    readonly names: readonly string[];
    readonly method: string;
    readonly now: Clock;
    /** What to do when the service wants a right that we lack. */
    readonly refused?: string | undefined;
  },
): Token {
  if (isRedirect(answer.status)) {
    throw new Failure("blocked", `the token service at ${answer.url.host} redirects, which we do not follow`);
  }
  if (answer.status !== 200) throw statusFailure(answer, { method, now: now(), refused });
  const document = parseObject(answer);
  const value = names
    .map((name) => document[name])
    .find((token) => typeof token === "string" && token !== "");
  if (typeof value !== "string" || value.length > longestToken || !tokenPattern.test(value)) {
    throw new Failure("protocol", `the token service at ${answer.url.host} sent no usable token`);
  }
  return { value, expiresInSeconds: lifeOf(document, answer) };
}

/** From now on: some services hand out a token again that they issued a while ago, by their own clock. */
function lifeOf({ expires_in, issued_at }: Record<string, unknown>, answer: HttpAnswer): number {
  const life = expires_in === undefined || expires_in === null ? defaultLifeSeconds : Number(expires_in);
  const issued = typeof issued_at === "string" ? Date.parse(issued_at) : Number.NaN;
  const age = (Date.parse(answer.header("date") ?? "") - issued) / 1000;
  return age > 0 && age < life ? life - age : life;
}

function parseObject(answer: HttpAnswer): Record<string, unknown> {
  const text = answer.body.toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw improper(answer, "something other than JSON", error);
  }
  if (typeof parsed !== "object" || parsed === null) throw improper(answer, "something other than an object");
  if (ambiguousKey(text) !== undefined) throw improper(answer, "an answer with a key twice");
  return { ...parsed };
}

function improper({ url }: HttpAnswer, what: string, cause?: unknown): Failure {
  return new Failure("protocol", `the token service at ${url.host} sent ${what}`, { cause });
}
