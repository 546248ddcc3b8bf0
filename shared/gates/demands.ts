import type { Digest } from "../model/digest.ts";

/** What must be true of one import before it may come in. An import that demands nothing passes every gate but the allow-list. */
export interface Demands {
  /** The digest that the tag is pinned to; `unlisted` when there are pins and none is for this tag. */
  readonly pin?: Digest | "unlisted";
  readonly cooldown?: Cooldown;
  /** Why a person must approve, as a sentence. */
  readonly approval?: string;
  /** Names of verifiers in the policy; all of them must pass. */
  readonly verify: readonly string[];
}

/** Minutes from our own first sight of tag and digest. `exempt` says why the time need not be waited for. */
export interface Cooldown {
  readonly minutes: number;
  readonly exempt?: string;
}

export const noDemands: Demands = { verify: [] };
