import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { type Mail, readMail } from "../../local/inbox/mail.ts";

interface Reply {
  readonly code: number;
  readonly text: string;
}

/** A real SMTP server; `refuse` says what it answers to a recipient, to the data or to a login, if it refuses. */
export async function startSmtp(
  refuse: Partial<Record<"recipient" | "data" | "login", (what: string) => Reply | undefined>> = {},
  options: SMTPServerOptions = { disabledCommands: ["STARTTLS"] },
) {
  const mails: (Mail & { readonly raw: string })[] = [];
  const refusal = (reply: Reply | undefined) =>
    reply === undefined ? null : Object.assign(new Error(reply.text), { responseCode: reply.code });
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    ...options,
    onAuth: (auth, _session, callback) => {
      callback(refusal(refuse.login?.(auth.username ?? "")), { user: auth.username });
    },
    onRcptTo: ({ address }, _session, callback) => callback(refusal(refuse.recipient?.(address))),
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks);
        const refused = refusal(refuse.data?.(""));
        if (refused === null) mails.push({ ...readMail(raw), raw: raw.toString("latin1") });
        callback(refused);
      });
    },
  });
  server.on("error", () => undefined); // a client that hangs up
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, close: () => new Promise<void>((resolve) => server.close(resolve)) };
}
