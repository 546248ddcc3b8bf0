import type { Clock } from "../model/clock.ts";
import type { Registries } from "../registry/registry.ts";
import type { Gate } from "./gate.ts";
import type { Policy } from "./policy.ts";
import type { ScanReports } from "./scan-reports.ts";

/** All that gates may use. */
export interface GatePorts {
  readonly registries: Registries;
  readonly policy: Policy;
  readonly reports: ScanReports;
  readonly now: Clock;
}

export interface GateMember {
  readonly kind: string;
  create(ports: GatePorts): Gate;
}
