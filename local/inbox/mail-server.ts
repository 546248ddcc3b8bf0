import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { Failure } from "../../shared/model/failure.ts";
import { type Mail, readMail } from "./mail.ts";

export interface MailServer {
  /** `smtp://127.0.0.1:2525` */
  readonly url: string;
  close(): Promise<void>;
}

export interface MailServerOptions {
  readonly port: number;
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
  server.listen(port, "127.0.0.1");
  await once(server.server, "listening").catch((cause: NodeJS.ErrnoException) => {
    const taken = cause.code === "EADDRINUSE";
    const problem = taken
      ? "is taken: free it or choose another"
      : `cannot be used: ${cause.code ?? cause.message}`;
    throw new Failure(taken ? "conflict" : "network", `port ${port} on 127.0.0.1 ${problem}`, { cause });
  });
  const bound = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${bound.port}`,
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
