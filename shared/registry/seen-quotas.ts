import type { Quota } from "../http/quota.ts";

/** What the answers of a host last said of its quota; `mark` tells what was seen before from what was seen since. */
export interface SeenQuotas {
  note(host: string, quota: Quota): void;
  mark(host: string): number;
  /** The last quota that was noted after the mark. */
  since(host: string, mark: number): Quota | undefined;
}

/** In the memory of one process: what matters to others goes to the table `hosts`. */
export function createSeenQuotas(): SeenQuotas {
  const seen = new Map<string, { readonly quota: Quota; readonly count: number }>();
  const mark = (host: string): number => seen.get(host)?.count ?? 0;
  return {
    note: (host, quota) => void seen.set(host, { quota, count: mark(host) + 1 }),
    mark,
    since: (host, before) => {
      const last = seen.get(host);
      return last !== undefined && last.count > before ? last.quota : undefined;
    },
  };
}
