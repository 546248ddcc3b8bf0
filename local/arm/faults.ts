import type { ArmAnswer } from "./arm-call.ts";

/** What goes wrong on purpose. Tests and demonstrations set and clear the fields; all absent is the normal case. */
export interface ArmFaults {
  /** For imports that start while it is set. */
  import?: WorkFault;
  /** For runs that an agent picks up while it is set. */
  run?: WorkFault;
  /** For cache rules that are made or changed while it is set. */
  cacheRule?: WorkFault;
  /** For credential sets that are made or changed while it is set. */
  credentialSet?: WorkFault;
  /** For what is pulled through a cache rule while it is set: it is served, and kept as the fault lets it. */
  cache?: WorkFault;
  /** Replaces the Location of accepted imports, and the Azure-AsyncOperation of accepted changes. */
  location?: string;
  /** Answers instead of an operation, named as in the REST specification; undefined lets it through. */
  answer?: (operation: string) => ArmAnswer | undefined;
}

export type WorkFault =
  /** Never ends. */
  | { readonly kind: "hang" }
  | { readonly kind: "fail"; readonly text: string }
  /** Works as usual after that. */
  | { readonly kind: "wait"; readonly until: Promise<void> };
