import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { listen, type WantedPort } from "../listen.ts";
import { type Mail, readMail } from "./mail.ts";

export interface MailServer {
  /** `smtp://127.0.0.1:2525` */
  readonly url: string;
  close(): Promise<void>;
}

export interface MailServerOptions {
  readonly port: WantedPort;
  /** A mail is taken once this has resolved. */
  receive(mail: Mail): Promise<void>;
}

const maxBytes = 8 * 1024 * 1024;

/** An SMTP server on loopback which takes every mail and sends none on; `conflict` when the port is taken. */
export async function startMailServer({ port, receive }: MailServerOptions): Promise<MailServer> {
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    size: maxBytes,
    maxClients: 20,
    socketTimeout: 30_000,
    closeTimeout: 500,
    onData: (stream, _session, callback) => {
      take(stream, receive).then(() => callback(), callback);
    },
  });
  server.on("error", () => undefined); // a connection that broke; listening errors reject below
  const bound = await listen(server.server, port);
  return {
    url: `smtp://127.0.0.1:${bound}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

type DataStream = Parameters<NonNullable<SMTPServerOptions["onData"]>>[0];

async function take(stream: DataStream, receive: MailServerOptions["receive"]): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  if (size > maxBytes) {
    throw Object.assign(new Error("the message is larger than this server takes"), { responseCode: 552 });
  }
  await receive(readMail(Buffer.concat(chunks)));
}
