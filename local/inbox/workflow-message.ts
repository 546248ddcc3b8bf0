import { z } from "zod";

const block = z.looseObject({ type: z.string().min(1).max(100) });

/** What a Workflows webhook takes, as far as Teams refuses it otherwise. */
const schema = z.looseObject({
  type: z.literal("message"),
  attachments: z.tuple([
    z.looseObject({
      contentType: z.literal("application/vnd.microsoft.card.adaptive"),
      content: z.looseObject({
        type: z.literal("AdaptiveCard"),
        version: z.string().regex(/^1\.[0-5]$/, "Teams renders Adaptive Cards up to 1.5"),
        body: z.array(block).min(1),
        actions: z.array(block).max(6).optional(),
      }),
    }),
  ]),
});

export type WorkflowMessage =
  | { readonly kind: "card"; readonly card: unknown }
  | { readonly kind: "refused"; readonly reason: string };

/** The Adaptive Card in a webhook's body, or why it would not be posted. */
export function readWorkflowMessage(body: string): WorkflowMessage {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { kind: "refused", reason: "the body is not JSON" };
  }
  const result = schema.safeParse(json);
  if (result.success) return { kind: "card", card: result.data.attachments[0].content };
  const [issue] = result.error.issues;
  return {
    kind: "refused",
    reason: `${issue?.path.join(".") || "body"}: ${issue?.message ?? "not as expected"}`,
  };
}
