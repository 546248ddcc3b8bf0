import { getRequestListener } from "@hono/node-server";
import type { WantedPort } from "../listen.ts";
import type { Log } from "../log.ts";
import { startLoopbackServer } from "../loopback-server.ts";
import { type InboxMessage, openCaught } from "./caught.ts";
import { startMailServer } from "./mail-server.ts";
import { inboxRoutes, webhookPath } from "./routes.ts";

export interface Inbox {
  /** The page: `http://127.0.0.1:8025/`. */
  readonly url: string;
  /** For a Teams channel. */
  readonly webhookUrl: string;
  /** For an email channel. */
  readonly smtpUrl: string;
  /** What was caught, newest first. */
  messages(): readonly InboxMessage[];
  close(): Promise<void>;
}

export interface InboxOptions {
  /** Where messages are kept. */
  readonly dir: string;
  /** 0, the default, takes a free one; so for `smtpPort`. */
  readonly port?: WantedPort;
  readonly smtpPort?: WantedPort;
  readonly log: Log;
}

/**
 * Catches what the notifiers send, cards by a Workflows-like webhook and mails by SMTP, and shows it on a
 * page. Loopback only; `conflict` when a port is taken.
 */
export async function startInbox({ dir, port = 0, smtpPort = 0, log }: InboxOptions): Promise<Inbox> {
  const caught = await openCaught(dir, log);
  const mails = await startMailServer({
    port: smtpPort,
    receive: (mail) => caught.add({ kind: "mail", mail }),
  });
  try {
    const routes = await inboxRoutes({ caught, smtpUrl: mails.url });
    const server = await startLoopbackServer({ port, handler: getRequestListener(routes.fetch) });
    return {
      url: `${server.origin}/`,
      webhookUrl: `${server.origin}${webhookPath}`,
      smtpUrl: mails.url,
      messages: () => caught.list(),
      close: async () => {
        await Promise.all([server.close(), mails.close()]);
      },
    };
  } catch (error) {
    await mails.close();
    throw error;
  }
}
