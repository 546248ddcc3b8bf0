const longestMs = 3_600_000;
/** Ten digits and more are a moment, not a wait: Docker Hub sends the Unix time at which its window ends. */
const firstEpoch = 1_000_000_000;
const datePattern =
  /^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .*[0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}t[0-9:.]+(?:z|[+-][0-9:]+)$)/i;

/**
 * Milliseconds to wait, 0 to one hour, from a Retry-After header in seconds, as an HTTP date, an ISO date or a Unix time
 * (seconds or milliseconds); undefined when it is absent or nonsense.
 * Source: RFC 9110, section 10.2.3, and what registries send.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? "";
  const waitMs = /^[0-9]{1,16}(?:\.[0-9]{1,9})?$/.test(text)
    ? fromNumber(Number(text), now)
    : datePattern.test(text)
      ? Date.parse(text) - now.getTime()
      : Number.NaN;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(Math.ceil(waitMs), 0), longestMs);
}

function fromNumber(value: number, now: Date): number {
  if (value < firstEpoch) return value * 1000;
  return (value >= firstEpoch * 1000 ? value : value * 1000) - now.getTime();
}
