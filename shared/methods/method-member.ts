import type { NewCredentialSet } from "../azure/acr-cache-port.ts";
import type { Acr } from "../azure/acr-port.ts";
import type { Clock } from "../model/clock.ts";
import type { Credentials } from "../model/credential.ts";
import type { ForeignLayers, Registries } from "../registry/registry.ts";
import type { AgentPoolConfig } from "./agent-pool-config.ts";
import type { Method } from "./method.ts";
import type { Receipts } from "./receipts.ts";

/** All that methods may use. What is absent was not configured; a method that needs it says so when it is opened. */
export interface MethodPorts {
  readonly registries: Registries;
  readonly credentials: Credentials;
  readonly now: Clock;
  readonly acr?: Acr;
  readonly agentPool?: AgentPoolConfig;
  /** What the registry's cache rules log in with, by upstream host. */
  readonly credentialSets?: ReadonlyMap<string, NewCredentialSet>;
  readonly receipts?: Receipts;
  /**
   * Reference to the target's credential, such as `env:TARGET` or `entra`, for methods that write to it
   * themselves.
   */
  readonly targetCredential?: string;
  /** Where methods that move bytes themselves get layers that a source does not hold; absent: from nowhere else. */
  readonly foreign?: ForeignLayers;
  /** Milliseconds after which a call that moves bytes itself begins nothing more; after twice that it breaks off. */
  readonly budgetMs?: number;
}

/** What a member is made of: the ports, and the other members for one that leaves the work to them. */
export interface MemberPorts extends MethodPorts {
  /** Throws `invalid` for a method that there is not, or that is not configured. */
  readonly open: (kind: string) => Method;
}

export interface MethodMember {
  readonly kind: string;
  /** From where upstream sees its pulls come, and against which quota they count: a whole sentence. */
  readonly pulls: string;
  /** `reads-through`: its target answers from upstream, so that a look at it proves nothing before the method has said done. */
  readonly target?: "reads-through";
  /** Throws `invalid`, naming the setting that is missing. */
  create(ports: MemberPorts): Method;
}
