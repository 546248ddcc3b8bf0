import { setTimeout as wait } from "node:timers/promises";

/** The current time; steps and pure decisions take it as an argument. */
export type Clock = () => Date;

/** Waits; an abort ends the wait early. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Whoever waited meets the abort at the next call. */
export const sleep: Sleep = (ms, signal) => wait(ms, undefined, { signal }).catch(() => {});
