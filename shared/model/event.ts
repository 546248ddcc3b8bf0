/**
 * Something that people want to know. Written to the outbox in the same transaction as the state change that it
 * tells of, so none is lost. All texts are as upstream gave them: notifiers must make them inert.
 */
export interface Event {
  /** Stable over retries: the same change always has the same key, so repeats can be told. */
  readonly key: string;
  readonly kind: EventKind;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `group/name` of the watch, or `manual`. Absent for a dead letter that names none. */
  readonly watch?: string;
  /** Upstream repository, `docker.io/library/nginx`. */
  readonly source?: string;
  readonly tag?: string;
  readonly digest?: string;
  /** Where it is now: `registry.example/library/nginx:1.27.1`. */
  readonly target?: string;
  readonly method?: string;
  /** For a moved tag: the digest that we hold. */
  readonly previousDigest?: string;
  /** What went wrong and what to do about it; one or two sentences. */
  readonly reason?: string;
  /** Milliseconds from our first sight of this digest to the proof at the target. */
  readonly elapsedMs?: number;
  /** Where to read more, such as a run's log. */
  readonly link?: string;
}

export type EventKind =
  | "imported" // in the target, proven by digest
  | "updated" // a tracked floating tag now has a new digest at the target
  | "failed" // given up after its retries, or refused
  | "moved" // an upstream tag has another digest than the one that we hold; held, not overwritten
  | "waiting" // a gate waits for a person
  | "denied" // by a gate, or refused by a person
  | "repaired" // an imported tag that was changed at the target is as it was again
  | "removed" // an image that its watch does not follow any more, from the target, by a reviewed proposal
  | "drifted" // an imported tag is gone from the target, or has another digest there
  | "watch-rejected" // a row in the table of watches cannot be read
  | "watch-failing" // upstream refuses a watch's polls: not found, unauthorized, not to be believed
  | "stale" // a watch, or all of them, has not been checked for long: not the same as "no updates"
  | "dead-letter"; // a message that no step could process
