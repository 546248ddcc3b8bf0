/** A trigger at work. */
export interface Listener {
  /** Starts nothing new from now on; settles when what runs has ended and is settled with storage. */
  stop(): Promise<void>;
  /** How many invocations of this trigger run now. */
  readonly running: number;
}
