import { createHash } from "node:crypto";
import { z } from "zod";
import { toFailure } from "../model/failure.ts";
import { parseConfig } from "./config.ts";
import { renderHtml } from "./mail-html.ts";
import { renderText } from "./mail-text.ts";
import type { NotifierMember } from "./notifier.ts";
import { partialFailure, toSmtpFailure } from "./smtp-failure.ts";
import { readSmtpUrl, type SmtpServer, smtpOptions } from "./smtp-url.ts";
import { summarize } from "./summary.ts";

export interface EmailConfig {
  readonly server: SmtpServer;
  readonly from: string;
  readonly to: readonly string[];
  /** Put before each subject, such as `[prod]`. */
  readonly subjectPrefix: string;
}

const address = '[^\\s<>@,;:"]+@[^\\s<>@,;:"]+';
const mailbox = z
  .string()
  .max(320)
  .regex(
    new RegExp(`^(?:${address}|[^<>@,;:"\\p{Cc}]+ <${address}>)$`, "u"),
    "must be an address such as ops@example.com",
  );

const schema = z
  .strictObject({
    kind: z.literal("email"),
    smtp: z.string().max(1_000),
    from: mailbox,
    to: z.array(mailbox).min(1, "must name an address").max(50),
    subjectPrefix: z
      .string()
      .max(40)
      .regex(/^\P{Cc}*$/u, "must be one line")
      .default(""),
  })
  .transform(({ smtp, from, to, subjectPrefix }, context): EmailConfig => {
    const server = readSmtpUrl(smtp);
    if (server !== undefined) return { server, from, to, subjectPrefix };
    context.addIssue({
      code: "custom",
      path: ["smtp"],
      message: "must be smtp[s]://user:password@host:port",
    });
    return z.NEVER;
  });

const example =
  '{"kind":"email","smtp":"smtps://user:password@mail.example.com:465","from":"wharfgate@example.com","to":["ops@example.com"]}';

/**
 * Sends a mail with text and HTML by SMTP. TLS is required, except to this machine. A repeat has the same Message-ID, by which
 * mail systems drop doubles.
 */
export const email: NotifierMember<EmailConfig> = {
  kind: "email",
  parse: (config) => parseConfig(schema, config, example),
  create: ({ server, from, to, subjectPrefix }, { statusUrl }) => ({
    async send({ key, events }, signal) {
      // Loaded only now: most processes send no mail.
      const { createTransport } = await import("nodemailer");
      const transport = createTransport({
        ...smtpOptions(server),
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const summary = summarize(events);
      const mail = {
        from,
        to: [...to],
        subject: `${subjectPrefix} ${summary.title}`.trim(),
        text: renderText(summary, statusUrl),
        html: renderHtml(summary, statusUrl),
        messageId: messageId(key, from),
        headers: { "Auto-Submitted": "auto-generated" },
        signal,
      };
      const answer = await transport.sendMail(mail).catch((error: unknown) => {
        throw signal.aborted ? toFailure(signal.reason, "sending a mail") : toSmtpFailure(error);
      });
      const refused = answer.rejectedErrors ?? [];
      if (refused.length > 0) throw partialFailure(refused, to.length);
    },
  }),
};

function messageId(key: string, from: string): string {
  const domain = /@([^\s<>@]+?)>?$/.exec(from)?.[1] ?? "wharfgate.invalid";
  return `<${createHash("sha256").update(key).digest("hex").slice(0, 40)}@${domain}>`;
}
