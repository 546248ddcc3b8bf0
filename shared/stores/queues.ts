import type { Queue } from "../azure/queues.ts";
import {
  type FollowMessage,
  type ImportMessage,
  type NotifyMessage,
  type PollMessage,
  type RetentionMessage,
  writeFollowMessage,
  writeImportMessage,
  writeNotifyMessage,
  writePollMessage,
  writeRetentionMessage,
} from "../documents/messages.ts";

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Milliseconds until the message can be seen; default 0. */
  readonly delayMs?: number;
}

/** The queues, with typed messages. */
export interface Queues {
  poll(message: PollMessage, options: SendOptions): Promise<void>;
  import(message: ImportMessage, options: SendOptions): Promise<void>;
  follow(message: FollowMessage, options: SendOptions): Promise<void>;
  notify(message: NotifyMessage, options: SendOptions): Promise<void>;
  retention(message: RetentionMessage, options: SendOptions): Promise<void>;
  /** Approximate lengths by queue name, the poison queues included. */
  lengths(signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
  /** How long the oldest poll message that could be processed has been waiting since it was sent, in milliseconds. */
  oldestPollMs(signal: AbortSignal): Promise<number | undefined>;
}

export const queueNames = ["poll", "import", "follow", "notify", "retention"] as const;
export type QueueName = (typeof queueNames)[number];

export function createQueues(open: (name: string) => Queue): Queues {
  const [poll, importing, follow, notify, retention] = queueNames.map(open) as [
    Queue,
    Queue,
    Queue,
    Queue,
    Queue,
  ];
  const measured = queueNames.flatMap((name) => [name, `${name}-poison`]);
  return {
    poll: (message, options) => poll.send(writePollMessage(message), options),
    import: (message, options) => importing.send(writeImportMessage(message), options),
    follow: (message, options) => follow.send(writeFollowMessage(message), options),
    notify: (message, options) => notify.send(writeNotifyMessage(message), options),
    retention: (message, options) => retention.send(writeRetentionMessage(message), options),
    oldestPollMs: (signal) => poll.oldestMs(signal),
    lengths: async (signal) => {
      const lengths = await Promise.all(measured.map((name) => open(name).length(signal)));
      return Object.fromEntries(measured.map((name, index) => [name, lengths[index] ?? 0]));
    },
  };
}
