/** What a person decided about one import; kept with it for ever. */
export interface Decision {
  readonly kind: DecisionKind;
  readonly by: string;
  readonly at: Date;
  /** In their own words. */
  readonly reason?: string;
}

export const decisionKinds = [
  "approve", // the gate `approval` opens
  "refuse", // it will not be imported
  "accept", // a moved tag: the new digest replaces the one at the target
  "skip-cooldown", // the gate `cooldown` opens before its time
  "retry", // a failed or denied import is tried again, or one that waits for a signature or a report is looked at now
] as const;

export type DecisionKind = (typeof decisionKinds)[number];

/** The last decision of a kind; undefined when there is none. */
export function lastDecision(decisions: readonly Decision[], kind: DecisionKind): Decision | undefined {
  return decisions.findLast((each) => each.kind === kind);
}
