import type { Event } from "../model/event.ts";

/** Sends messages to one channel. */
export interface Notifier {
  /**
   * One message for all events (1 to 100), oldest first. Resolves once the other side has accepted it; throws a transient
   * `Failure` when the same call may work later. `key` is stable over retries of the same message.
   */
  send(
    message: { readonly key: string; readonly events: readonly Event[] },
    signal: AbortSignal,
  ): Promise<void>;
}

/** A kind of channel: its configuration (from the environment, JSON, untrusted) and how to open it. */
export interface NotifierMember<Config> {
  readonly kind: string;
  /** Throws `invalid`, naming the field and an example. */
  parse(config: unknown): Config;
  create(config: Config, ports: NotifierPorts): Notifier;
}

export interface NotifierPorts {
  /** Link to the ledger's page or API, put at the end of each message; absent when not configured. */
  readonly statusUrl?: string;
}
