import type { Blobs } from "../azure/blobs.ts";
import type { Queue } from "../azure/queues.ts";
import type { Table } from "../azure/tables.ts";
import { type Audit, createAudit } from "./audit.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import { createDeliveries, type Deliveries } from "./deliveries.ts";
import { createEvidenceStore, type EvidenceStore } from "./evidence.ts";
import { createHosts, type Hosts } from "./hosts.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createLocks, type Locks } from "./locks.ts";
import { createProposals, type Proposals } from "./proposals.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createRequests, type Requests } from "./requests.ts";
import { createSites, type Sites } from "./sites.ts";
import { createTicks, type Ticks } from "./ticks.ts";
import { createWatchStates, type WatchStates } from "./watch-states.ts";
import { createWatches, type Watches } from "./watches.ts";

/** Everything that outlives an invocation. */
export interface Stores {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly ledger: Ledger;
  readonly hosts: Hosts;
  readonly ticks: Ticks;
  readonly deliveries: Deliveries;
  readonly deadLetters: DeadLetters;
  readonly audit: Audit;
  readonly evidence: EvidenceStore;
  readonly requests: Requests;
  readonly locks: Locks;
  readonly sites: Sites;
  readonly proposals: Proposals;
  readonly queues: Queues;
}

export interface StorePorts {
  readonly table: (name: string) => Table;
  readonly queue: (name: string) => Queue;
  readonly blobs: (container: string) => Blobs;
  readonly leaseMs: number;
}

export function createStores({ table, queue, blobs, leaseMs }: StorePorts): Stores {
  return {
    watches: createWatches(table("watches")),
    states: createWatchStates(table("watchstate")),
    ledger: createLedger(table("images"), { leaseMs }),
    hosts: createHosts(table("hosts")),
    ticks: createTicks(table("ticks")),
    deliveries: createDeliveries(table("deliveries")),
    deadLetters: createDeadLetters(table("deadletters")),
    audit: createAudit(table("audit")),
    evidence: createEvidenceStore(table("evidence")),
    requests: createRequests(table("requests")),
    locks: createLocks(table("locks")),
    sites: createSites(table("sites"), blobs("sites")),
    proposals: createProposals(table("proposals"), { leaseMs }),
    queues: createQueues(queue),
  };
}
