import { type ImportRecord, shortName } from "../../documents/import-record.ts";
import type { EventKind } from "../../model/event.ts";
import type { Failure } from "../../model/failure.ts";
import { accountOf, type Outcome } from "./import-outcome.ts";

export interface ImportDecision {
  readonly record: ImportRecord;
  /** Milliseconds until the next hop; absent when the import has ended. */
  readonly delayMs?: number;
  /** What people are told; absent when there is nothing to tell. */
  readonly announce?: EventKind;
}

export interface DecisionContext {
  readonly now: Date;
  /** How long a running operation may take before it is given up, in milliseconds. */
  readonly deadlineMs: number;
  /** From 0 to 1, to spread retries. */
  readonly random: number;
}

/** Five tries over about an hour and a half outlast a registry's bad hour; then people must look. */
export const retryDelaysMs = [10_000, 60_000, 300_000, 1_200_000, 3_600_000];
const askAgainMs = 60_000;
// Docker Hub counts pulls over six hours: an upstream's limit is waited out, at most this long and every 20 minutes or so.
// https://docs.docker.com/docker-hub/usage/pulls/
const limitedForMs = 24 * 3_600_000;
const limitedAttempts = 3;
const longestBackoffMs = 1_200_000;

/** Pure: the record after a hop, and what comes next. */
export function decideImport(
  record: ImportRecord,
  outcome: Outcome,
  context: DecisionContext,
): ImportDecision {
  const { lease: _, dueAt: ____, ...unleased } = record;
  const next: ImportRecord = { ...unleased, hop: record.hop + 1 };
  switch (outcome.kind) {
    case "running": {
      const { now, deadlineMs } = context;
      const unhurried = outcome.deadline === "none";
      const deadline = unhurried ? undefined : (record.deadline ?? new Date(now.getTime() + deadlineMs));
      // Nobody is to miss the message of one that is asked after once a day.
      const dueAt = unhurried ? new Date(now.getTime() + outcome.checkAfterMs) : undefined;
      const { reason: __, ...clean } = next;
      return {
        record: {
          ...clean,
          state: "running",
          operation: outcome.operation,
          operations: withOperation(record, outcome),
          startedAt: record.startedAt ?? context.now,
          ...(deadline && { deadline }),
          ...(dueAt && { dueAt }),
          ...accountOf(outcome),
        },
        delayMs: Math.max(outcome.checkAfterMs, 1000),
      };
    }
    case "proven": {
      const ended = withoutOperation({ ...next, ...accountOf(outcome) });
      const { reason: __, locked: ___, repair, ...clean } = ended;
      const done: ImportRecord = {
        ...clean,
        state: "done",
        endedAt: context.now,
        ...(outcome.receipt !== undefined && {
          operations: [...record.operations, `receipt ${outcome.receipt}`],
        }),
        ...(outcome.locked && { locked: outcome.locked }),
        ...(repair && { existing: repair.existing }),
      };
      // Of what comes along with an image people hear only when it does not.
      if (outcome.how === "present" || record.subject !== undefined) return { record: done };
      if (repair !== undefined) {
        const repairs = [...(record.repairs ?? []), context.now];
        return { record: { ...done, repairs }, announce: "repaired" };
      }
      return { record: done, announce: record.existing === "replace" ? "updated" : "imported" };
    }
    case "held": {
      const { reason, previousDigest } = outcome;
      const held: ImportRecord = {
        ...withoutOperation(next),
        state: "held",
        endedAt: context.now,
        reason,
        previousDigest,
      };
      return { record: held, announce: "moved" };
    }
    case "waiting":
      return decideWaiting(record, next, { outcome, now: context.now });
    case "denied": {
      const { reason, next: step } = outcome;
      const denied = {
        ...withoutOperation(next),
        endedAt: context.now,
        reason: `${sentence(reason)} ${withCommand(step, record)}`,
      };
      return { record: { ...denied, state: "denied" }, announce: "denied" };
    }
    case "overtaken": {
      const { reason } = outcome;
      return { record: { ...withoutOperation(next), state: "overtaken", endedAt: context.now, reason } };
    }
    case "put-off":
      return decidePutOff(next, outcome, context);
    case "unclear": {
      const { failure } = outcome;
      if (record.deadline === undefined || context.now > record.deadline)
        return decideFailure(next, failure, context);
      const delayMs = Math.max(spread(askAgainMs, context.random), failure.retryAfterMs ?? 0);
      return { record: { ...next, reason: failure.message }, delayMs };
    }
    case "failed":
      return decideFailure({ ...next, ...accountOf(outcome) }, outcome.failure, context);
  }
}

/** People are told once for each gate that waits for them; what waits for time stands in the status. */
function decideWaiting(
  record: ImportRecord,
  next: ImportRecord,
  { outcome, now }: { readonly outcome: Extract<Outcome, { kind: "waiting" }>; readonly now: Date },
): ImportDecision {
  const { reason, next: step, on, checkAfterMs } = outcome;
  const dueAt = new Date(now.getTime() + checkAfterMs);
  const last = record.gates.at(-1);
  const told = last?.verdict === "waiting" && last.gate === outcome.gate && last.on !== "time";
  return {
    record: {
      ...withoutOperation(next),
      state: "waiting",
      reason: `${sentence(reason)} ${withCommand(step, record)}`,
      dueAt,
    },
    delayMs: checkAfterMs,
    ...(on === "person" && !told && { announce: "waiting" as const }),
  };
}

/** Gates know what is to be mended, and not what the import is called. */
function withCommand(step: string, record: ImportRecord): string {
  return step.replace(/retry the import$/, `retry the import: wharfgate retry ${shortName(record)}`);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/**
 * Waiting uses up no tries. An upstream that refuses again and again, whatever wait it names, is asked less and less often, and
 * after a day of it the tries count.
 */
function decidePutOff(
  next: ImportRecord,
  { operation, waitMs, reason, failure }: Extract<Outcome, { kind: "put-off" }>,
  context: DecisionContext,
): ImportDecision {
  const ageMs = context.now.getTime() - next.seenAt.getTime();
  if (failure !== undefined && ageMs >= limitedForMs) return decideFailure(next, failure, context);
  const backoffMs = failure === undefined ? 0 : Math.min(ageMs / 4, longestBackoffMs);
  const delayMs = Math.max(waitMs, spread(backoffMs, context.random));
  if (operation === "ended")
    return { record: { ...withoutOperation(next), state: "pending", reason }, delayMs };
  // The wait is not the operation's: its time goes on after it.
  const deadline = next.deadline && new Date(next.deadline.getTime() + delayMs);
  return { record: { ...next, reason, ...(deadline && { deadline }) }, delayMs };
}

function decideFailure(
  next: ImportRecord,
  failure: Failure,
  { now, random }: DecisionContext,
): ImportDecision {
  const limited = failure.code === "rate-limited" && now.getTime() - next.seenAt.getTime() < limitedForMs;
  const tried = limited ? Math.min(next.attempts, limitedAttempts) : next.attempts;
  const delay = retryDelaysMs[tried];
  const attempts = tried + 1;
  if (!failure.transient || delay === undefined) {
    const tries = attempts === 1 ? "" : ` (given up after ${attempts} tries)`;
    const reason = `${failure.message}${tries}`;
    const failed: ImportRecord = {
      ...withoutOperation(next),
      state: "failed",
      attempts,
      endedAt: now,
      reason,
    };
    return { record: failed, announce: "failed" };
  }
  const delayMs = Math.max(spread(delay, random), failure.retryAfterMs ?? 0);
  return {
    record: { ...withoutOperation(next), state: "pending", attempts, reason: failure.message },
    delayMs,
  };
}

function spread(delayMs: number, random: number): number {
  return Math.round(delayMs * (0.8 + 0.4 * random));
}

function withoutOperation(record: ImportRecord): ImportRecord {
  const { operation: _, deadline: __, ...rest } = record;
  return rest;
}

/**
 * The operations that worked on an import, each once, as an auditor would look them up. ARM signs the query of an operation's URL
 * anew with each answer, with a certificate of some KB: what names the operation is its path.
 */
function withOperation(
  { method, operations }: ImportRecord,
  { operation, via = method }: Extract<Outcome, { kind: "running" }>,
): readonly string[] {
  const id = operation.runId ?? operation.path?.toString().split("?", 1)[0];
  const name = id === undefined ? via : `${via} ${id}`;
  return operations.includes(name) ? operations : [...operations, name];
}
