import { z } from "zod";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";
import { parseWatchKey, type WatchId, watchKey } from "./watch-id.ts";

/** Asks for one poll of up to 50 watches of one upstream host. `slot` is the scheduled moment. */
export interface PollMessage {
  readonly host: string;
  readonly slot: Date;
  readonly watches: readonly WatchId[];
}

/** Asks for the next hop of one import. */
export interface ImportMessage {
  readonly watch: WatchId;
  readonly key: string;
  readonly hop: number;
}

/**
 * Asks for a look at what refers to images that are in. `image`: to one of them, just brought in, of which `looks` have been taken
 * already. `watch`: to all that a watch has brought in, after the import `after`. `tries`: how often upstream could not be asked.
 */
export type FollowMessage =
  | {
      readonly kind: "image";
      readonly watch: WatchId;
      readonly key: string;
      readonly looks: number;
      readonly tries: number;
    }
  | { readonly kind: "watch"; readonly watch: WatchId; readonly after?: string; readonly tries: number };

/** `relay`: hand a partition's outbox to its channels. `flush`: send what is due in one channel as one message. */
export type NotifyMessage =
  | { readonly kind: "relay"; readonly partition: string }
  | { readonly kind: "flush"; readonly channel: string };

/** Asks for the next step of the removals that a proposal's review has allowed. */
export interface RetentionMessage {
  readonly proposal: string;
}

// A payload's top-level fields override the trigger's metadata: none may be called id or dequeueCount.
const key = z.string().regex(/^[a-z0-9-]{1,63}~[a-z0-9-]{1,63}$/);
const poll = z.strictObject({
  v: z.literal(1),
  host: z.string(),
  slot: z.iso.datetime(),
  watches: z.array(key).min(1).max(50),
});
const importId = z.string().regex(/^[0-9a-f]{64}$/);
const importing = z.strictObject({
  v: z.literal(1),
  watch: key,
  import: importId,
  hop: z.int().min(0),
});
const follow = z.discriminatedUnion("kind", [
  z.strictObject({
    v: z.literal(1),
    kind: z.literal("image"),
    watch: key,
    import: importId,
    looks: z.int().min(0),
    tries: z.int().min(0),
  }),
  z.strictObject({
    v: z.literal(1),
    kind: z.literal("watch"),
    watch: key,
    after: importId.optional(),
    tries: z.int().min(0),
  }),
]);
const notify = z.discriminatedUnion("kind", [
  z.strictObject({ v: z.literal(1), kind: z.literal("relay"), partition: z.string().min(1).max(200) }),
  z.strictObject({ v: z.literal(1), kind: z.literal("flush"), channel: z.string().min(1).max(64) }),
]);
const retention = z.strictObject({ v: z.literal(1), proposal: z.string().regex(/^\d{14}-[0-9a-f]{8}$/) });
const overflow = z.strictObject({ v: z.literal(1), overflow: z.string().regex(/^[0-9a-f-]{36}\.json$/) });

export function writePollMessage({ host, slot, watches }: PollMessage): object {
  return { v: 1, host, slot: slot.toISOString(), watches: watches.map(watchKey) };
}

export function parsePollMessage(body: unknown): PollMessage {
  const message = read(poll, body, "poll");
  return {
    host: parseHost(message.host),
    slot: new Date(message.slot),
    watches: message.watches.map(parseWatchKey),
  };
}

export function writeImportMessage({ watch, key: importKey, hop }: ImportMessage): object {
  return { v: 1, watch: watchKey(watch), import: importKey, hop };
}

export function parseImportMessage(body: unknown): ImportMessage {
  const message = read(importing, body, "import");
  return { watch: parseWatchKey(message.watch), key: message.import, hop: message.hop };
}

export function writeFollowMessage(message: FollowMessage): object {
  const { kind, tries } = message;
  const watch = watchKey(message.watch);
  if (message.kind === "image")
    return { v: 1, kind, watch, import: message.key, looks: message.looks, tries };
  return { v: 1, kind, watch, ...(message.after !== undefined && { after: message.after }), tries };
}

export function parseFollowMessage(body: unknown): FollowMessage {
  const message = read(follow, body, "follow");
  const watch = parseWatchKey(message.watch);
  const { tries } = message;
  if (message.kind === "image")
    return { kind: "image", watch, key: message.import, looks: message.looks, tries };
  return { kind: "watch", watch, ...(message.after !== undefined && { after: message.after }), tries };
}

export function writeNotifyMessage(message: NotifyMessage): object {
  return { v: 1, ...message };
}

export function parseNotifyMessage(body: unknown): NotifyMessage {
  const { v: _, ...message } = read(notify, body, "notify");
  return message;
}

export function writeRetentionMessage({ proposal }: RetentionMessage): object {
  return { v: 1, proposal };
}

export function parseRetentionMessage(body: unknown): RetentionMessage {
  return { proposal: read(retention, body, "retention").proposal };
}

/** The blob that holds a message's real body, when it was too large for the queue. */
export function overflowName(body: unknown): string | undefined {
  return overflow.safeParse(body).data?.overflow;
}

function read<T>(schema: z.ZodType<T>, body: unknown, queue: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Failure(
    "invalid",
    `A message in the queue ${queue} cannot be read: ${issue?.path.join(".") || "body"}: ${issue?.message ?? "unknown shape"}`,
  );
}
