import { createPorts } from "./app-ports.ts";
import type { Overflow } from "./azure/queues.ts";
import { type DiscoverRequest, parseDiscoverRequest } from "./documents/discover-request.ts";
import {
  overflowName,
  parseFollowMessage,
  parseImportMessage,
  parseNotifyMessage,
  parsePollMessage,
  parseRetentionMessage,
} from "./documents/messages.ts";
import { type PlanRequest, parsePlanRequest } from "./documents/plan-request.ts";
import type { Watch } from "./documents/watch.ts";
import type { WatchId } from "./documents/watch-id.ts";
import type { DecisionKind } from "./gates/decision.ts";
import { Failure } from "./model/failure.ts";
import type { Settings } from "./settings.ts";
import { createSiteCalls, type SiteCalls } from "./steps/bundle/site-calls.ts";
import { type Decided, type DecidedImport, decideOnImport } from "./steps/decide/decide-on-import.ts";
import { findImport } from "./steps/decide/find-import.ts";
import { type NotifyResult, notify } from "./steps/events/notify.ts";
import { type EvidenceDesk, openEvidenceDesk } from "./steps/evidence/evidence-desk.ts";
import { type BuryResult, bury } from "./steps/import/bury.ts";
import { type ImportResult, importStep } from "./steps/import/import.ts";
import type { ImportView } from "./steps/import/import-view.ts";
import { type Asked, requestImport } from "./steps/import/request-import.ts";
import { type Plan, plan } from "./steps/plan/plan.ts";
import type { ChangePlan } from "./steps/plan/plan-change.ts";
import { type BoundedChangePlan, type BoundedPlan, boundPlan } from "./steps/plan/plan-groups.ts";
import { planRow } from "./steps/plan/plan-row.ts";
import { type PollResult, poll } from "./steps/poll/poll.ts";
import { requestPoll } from "./steps/poll/request-poll.ts";
import { type ScheduleResult, schedule } from "./steps/poll/schedule.ts";
import { type FollowResult, followReferrers } from "./steps/referrers/follow-referrers.ts";
import { type ApplyResult, applyRemoval } from "./steps/retention/apply-removal.ts";
import { openProposals, type ProposalCalls } from "./steps/retention/proposal-calls.ts";
import { type Unlocked, unlock } from "./steps/retention/unlock.ts";
import { type AddedScanReport, addScanReport, type ScanUpload } from "./steps/scan/add-scan-report.ts";
import { getImport, type ImportList, listImports } from "./steps/status/list-imports.ts";
import { type Status, status } from "./steps/status/status.ts";
import { type SuggestQuestion, suggest } from "./steps/suggest/suggest.ts";
import type { Suggestion } from "./steps/suggest/suggestion.ts";
import { requestSweep, type Swept } from "./steps/sweep/request-sweep.ts";
import { type SweepResult, sweep } from "./steps/sweep/sweep.ts";
import { checkNames, type NamePorts } from "./steps/watches/check-names.ts";
import { type BoundedDiscovery, boundDiscovery, type Discovery, discover } from "./steps/watches/discover.ts";
import type { QueueName } from "./stores/queues.ts";
import type { Stores } from "./stores/stores.ts";

/** The product, put together: what triggers, commands and pages call. Queue bodies come in as they are. */
export interface App {
  readonly stores: Stores;
  readonly targetHost: string;
  /** Whether the platform authenticates HTTP callers and names them, or function keys are all there is. */
  readonly callers: Settings["callers"];
  schedule(signal: AbortSignal): Promise<ScheduleResult>;
  poll(body: unknown, signal: AbortSignal): Promise<PollResult>;
  import(body: unknown, signal: AbortSignal): Promise<ImportResult | Buried>;
  follow(body: unknown, signal: AbortSignal): Promise<FollowResult | Buried>;
  notify(body: unknown, signal: AbortSignal): Promise<NotifyResult | Buried>;
  sweep(signal: AbortSignal): Promise<SweepResult>;
  /** Looks at the target now for what a watch, or every watch, has brought in. */
  requestSweep(body: unknown, actor: string, signal: AbortSignal): Promise<Swept>;
  bury(queue: QueueName, body: unknown, signal: AbortSignal): Promise<BuryResult>;
  status(signal: AbortSignal): Promise<Status>;
  readonly evidence: EvidenceDesk;
  /** Returns the import's id. */
  requestImport(asked: Asked, signal: AbortSignal): Promise<string>;
  /** The id of the import that somebody names to decide about it. */
  findImport(name: string, kind: DecisionKind, signal: AbortSignal): Promise<string>;
  /** A person's decision about an import; tells how it stands after it. */
  decideOnImport(decided: Decided, signal: AbortSignal): Promise<DecidedImport>;
  /** Before a row is written: throws for what it names and nobody has; returns what cannot be told here. */
  checkNames(watch: Watch, signal: AbortSignal): Promise<readonly string[]>;
  requestPoll(watch: WatchId, actor: string, signal: AbortSignal): Promise<void>;
  getImport(id: string, signal: AbortSignal): Promise<ImportView>;
  listImports(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<ImportList>;
  /** Takes Wharfgate's lock from a tag at the target. */
  unlock(body: unknown, actor: string, signal: AbortSignal): Promise<Unlocked>;
  /** What the next poll of a watch would do. */
  plan(watch: Watch, signal: AbortSignal): Promise<Plan>;
  /** As `plan`, for a row that is named; and what a changed or a new row would do. */
  planRow(request: PlanRequest, signal: AbortSignal): Promise<Plan | ChangePlan>;
  /** As `planRow`, for the body of a request, in a bounded answer. */
  answerPlan(body: unknown, signal: AbortSignal): Promise<BoundedPlan | BoundedChangePlan>;
  /** Looks at a repository's tags and proposes a watch. */
  suggest(question: SuggestQuestion, signal: AbortSignal): Promise<Suggestion>;
  /** Lists a registry's repositories, and adds watches for new ones when asked to. */
  discover(request: DiscoverRequest, actor: string, signal: AbortSignal): Promise<Discovery>;
  /** As `discover`, for the body of a request, in a bounded answer. */
  answerDiscover(body: unknown, actor: string, signal: AbortSignal): Promise<BoundedDiscovery>;
  /** Keeps a scanner's report for the gate `scan`. */
  addScanReport(upload: ScanUpload, signal: AbortSignal): Promise<AddedScanReport>;
  /** One step of the removals that somebody has allowed. */
  retention(body: unknown, signal: AbortSignal): Promise<ApplyResult | Buried>;
  /** What could be removed at the target, for review. */
  readonly proposals: ProposalCalls;
  /** Disconnected sites. */
  readonly sites: SiteCalls;
  close(): Promise<void>;
}

/** The message could not be read and is a dead letter now. */
export interface Buried {
  readonly kind: "buried";
}

const buried: Buried = { kind: "buried" };
const nothingPolled: PollResult = { polled: 0, ordered: 0, moved: 0, troubled: 0, deferred: 0 };

/** `settingsOf`: `command` where a deployed app has settings of its own, which this process need not have. */
export function createApp(settings: Settings, settingsOf: NamePorts["settingsOf"] = "app"): App {
  const { ports, overflow, reports, bundles, close } = createPorts(settings, settingsOf);
  /** A message that cannot be read at its first try never will be: it is set aside at once. */
  const read = async <T>(
    { queue, body }: { readonly queue: QueueName; readonly body: unknown },
    parse: (body: unknown) => T,
    signal: AbortSignal,
  ): Promise<T | undefined> => {
    const whole = await inflate(body, overflow, signal);
    try {
      return parse(whole);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "invalid") throw error;
      await bury(queue, whole, ports, signal);
      return undefined;
    }
  };

  return {
    stores: ports,
    targetHost: ports.targetHost,
    callers: settings.callers,
    checkNames: (watch, signal) => checkNames(watch, ports, signal),
    schedule: (signal) => schedule(ports, signal),
    poll: async (body, signal) => {
      const message = await read({ queue: "poll", body }, parsePollMessage, signal);
      return message === undefined ? { ...buried, ...nothingPolled } : poll(message, ports, signal);
    },
    import: async (body, signal) => {
      const message = await read({ queue: "import", body }, parseImportMessage, signal);
      return message === undefined ? buried : importStep(message, ports, signal);
    },
    follow: async (body, signal) => {
      const message = await read({ queue: "follow", body }, parseFollowMessage, signal);
      return message === undefined ? buried : followReferrers(message, ports, signal);
    },
    notify: async (body, signal) => {
      const message = await read({ queue: "notify", body }, parseNotifyMessage, signal);
      return message === undefined ? buried : notify(message, ports, signal);
    },
    retention: async (body, signal) => {
      const message = await read({ queue: "retention", body }, parseRetentionMessage, signal);
      return message === undefined ? buried : applyRemoval(message, ports, signal);
    },
    proposals: openProposals(ports),
    sweep: (signal) => sweep(ports, signal),
    requestSweep: (body, actor, signal) => requestSweep(body, actor, ports, signal),
    bury: (queue, body, signal) => bury(queue, body, ports, signal),
    status: (signal) => status(ports, signal),
    evidence: openEvidenceDesk({ ...ports, signingKey: settings.signingKey }),
    requestImport: (asked, signal) => requestImport(asked, ports, signal),
    findImport: (name, kind, signal) => findImport(name, kind, ports.ledger, signal),
    decideOnImport: (decided, signal) => decideOnImport(decided, ports, signal),
    requestPoll: (watch, actor, signal) => requestPoll(watch, actor, ports, signal),
    getImport: (id, signal) => getImport(id, ports.ledger, signal),
    listImports: (query, signal) => listImports(query, ports.ledger, signal),
    unlock: (body, actor, signal) => unlock(body, actor, ports, signal),
    plan: (watch, signal) => plan(watch, ports, signal),
    planRow: (request, signal) => planRow(request, ports, signal),
    answerPlan: async (body, signal) => {
      const { request, detail } = parsePlanRequest(body);
      return boundPlan(await planRow(request, ports, signal), detail);
    },
    suggest: (question, signal) => suggest(question, ports, signal),
    discover: (request, actor, signal) => discover(request, { actor, ports, signal }),
    answerDiscover: async (body, actor, signal) =>
      boundDiscovery(await discover(parseDiscoverRequest(body), { actor, ports, signal })),
    addScanReport: (upload, signal) => addScanReport(upload, { ...ports, reports }, signal),
    sites: createSiteCalls({
      ...ports,
      signingKey: settings.signingKey,
      bundles,
    }),
    close,
  };
}

/** The body itself, or what it points at when it was too large for the queue. */
async function inflate(body: unknown, overflow: Overflow, signal: AbortSignal): Promise<unknown> {
  const name = overflowName(body);
  return name === undefined ? body : (JSON.parse(await overflow.get(name, signal)) as unknown);
}
