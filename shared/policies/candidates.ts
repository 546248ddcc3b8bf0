/** Tags that a scheme accepted, by index; what is compared stands in typed arrays or strings, as the scheme needs it. */
export interface Candidates {
  readonly size: number;
  familyOf(index: number): number;
  /** Negative when `a` is to stand before `b`: families in the column's order, the newest first; 0 for one version. */
  compare(a: number, b: number): number;
  /** Of two tags for one version the shorter stands first: 1.2.3 before v1.2.3. */
  plainest(a: number, b: number): number;
  /** Whether `Keep` counts them together. */
  sameGroup(a: number, b: number): boolean;
  /** What the whole of its family says against it, once all are gathered; undefined when nothing does. */
  doubtOf(index: number): Doubt | undefined;
  tagOf(index: number): string;
  /** What the scheme read: the tag itself, or what Extract took out of it. */
  keyOf(index: number): string;
}

export type Doubt =
  | { readonly kind: "floating" }
  | { readonly kind: "implausible-major"; readonly below: number };
