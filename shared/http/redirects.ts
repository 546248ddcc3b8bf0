import { Failure } from "../model/failure.ts";
import type { HttpRequest } from "./client.ts";

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const most = 5;

interface Hop {
  readonly status: number;
  readonly url: URL;
  header(name: string): string | undefined;
}

/**
 * Follows up to five redirects of a GET or HEAD. The Authorization header goes with the first origin only, and is never
 * given back; https is never left for http. Throws `blocked` or `protocol`. Where hops may lead is for the reach.
 */
export async function followRedirects<A extends Hop>(
  request: HttpRequest,
  exchange: { send(request: HttpRequest): Promise<A>; discard(answer: A): void },
): Promise<A> {
  let current = request;
  for (let hops = 0; ; hops++) {
    const answer = await exchange.send(current);
    if (!isRedirect(answer.status)) return answer;
    exchange.discard(answer);
    if (hops === most) throw new Failure("protocol", `${request.url.host} redirects more than ${most} times`);
    current = redirected(current, answer);
  }
}

export function isRedirect(status: number): boolean {
  return statuses.has(status);
}

function redirected(request: HttpRequest, answer: Hop): HttpRequest {
  const { url } = request;
  const target = URL.parse(answer.header("location") ?? "", url.href);
  if (target === null || answer.header("location") === undefined) {
    throw new Failure("protocol", `${url.host} redirects without saying where to`);
  }
  target.hash = "";
  if (url.protocol === "https:" && target.protocol !== "https:") {
    throw new Failure("blocked", `${url.host} redirects from https to ${target.protocol}//${target.host}`);
  }
  if (target.origin === url.origin) return { ...request, url: target };
  const headers = Object.entries(request.headers ?? {}).filter(
    ([name]) => name.toLowerCase() !== "authorization",
  );
  return { ...request, url: target, headers: Object.fromEntries(headers) };
}
