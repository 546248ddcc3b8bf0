import { z } from "zod";
import { type DecisionKind, decisionKinds } from "../gates/decision.ts";
import { Failure } from "../model/failure.ts";
import { readRequestBody } from "./request-body.ts";

/** What somebody decides about an import: `POST /api/imports/{id}/decisions`, `wharfgate approve`. */
export interface DecisionRequest {
  readonly decision: DecisionKind;
  readonly reason?: string;
}

const mostReason = 1000;
const schema = z.strictObject({
  decision: z.enum(decisionKinds),
  reason: z.string().max(mostReason).optional(),
});

const example = '{"decision":"approve","reason":"release notes read"}';

/** What overrides a check, or takes what was held, needs a reason. */
export const needsReason: ReadonlySet<DecisionKind> = new Set(["skip-cooldown", "accept", "refuse"]);

/** Throws `invalid`, naming the field. */
export function parseDecisionRequest(body: unknown): DecisionRequest {
  const { decision, reason: given = "" } = readRequestBody(schema, body, example);
  const reason = given.trim();
  if (reason === "" && needsReason.has(decision)) {
    const example = `{"decision":"${decision}","reason":"…"}`;
    throw new Failure("invalid", `${decision} needs a "reason", which is kept with the import`, { example });
  }
  return { decision, ...(reason !== "" && { reason }) };
}
