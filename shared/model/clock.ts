/** The current time; steps and pure decisions take it as an argument. */
export type Clock = () => Date;

/** Waits; an abort ends the wait early. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;
