import type { Account } from "../../methods/method.ts";

/**
 * How far a transfer is, for people: `1.2 GB of 3.0 GB, 25 MB/s, about 70 s left`; what is not known is left out. Undefined when
 * nothing has been moved.
 */
export function transferText(bytes: Account["bytes"], state: "going on" | "ended"): string | undefined {
  if (bytes === undefined || (bytes.moved === 0 && (state === "ended" || bytes.of === undefined)))
    return undefined;
  const { moved, of, perSecond } = bytes;
  const rate = perSecond === undefined || perSecond <= 0 ? [] : [`${amount(perSecond)}/s`];
  if (state === "ended") return [amount(moved), ...rate].join(", ");
  const left =
    of === undefined || rate.length === 0 ? [] : [`about ${span((of - moved) / (perSecond ?? 1))} left`];
  return [of === undefined ? amount(moved) : `${amount(moved)} of ${amount(of)}`, ...rate, ...left].join(
    ", ",
  );
}

const units = ["B", "kB", "MB", "GB", "TB"];

/** Two digits that count, in powers of 1,000. */
function amount(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.6 would round to 1000.
  while (unit < units.length - 1 && value >= (unit === 0 ? 1000 : 999.5)) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function span(seconds: number): string {
  if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
