import { afterEach, describe, expect, it } from "vitest";
import type { Event } from "../../shared/model/event.ts";
import { parseChannel } from "../../shared/notifiers/members.ts";
import { readSmtpUrl, smtpOptions } from "../../shared/notifiers/smtp-url.ts";
import { digestA, eventOf, hostile } from "./events.ts";
import { startSmtp } from "./smtp-fake.ts";

type Smtp = Awaited<ReturnType<typeof startSmtp>>;
let server: Smtp | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Sending {
  readonly events?: readonly Event[];
  readonly scheme?: string;
  readonly to?: readonly string[];
  readonly subjectPrefix?: string;
}

async function send(smtp: Smtp, sending: Sending = {}) {
  server = smtp;
  const {
    events = [eventOf("imported")],
    scheme = "smtp",
    to = ["ops@example.com"],
    subjectPrefix,
  } = sending;
  const config = {
    kind: "email",
    smtp: `${scheme}://wg:s%40cret@127.0.0.1:${smtp.port}`,
    from: "Wharfgate <wg@example.com>",
    to,
    ...(subjectPrefix === undefined ? {} : { subjectPrefix }),
  };
  const notifier = parseChannel("ops", JSON.stringify(config)).open({
    statusUrl: "https://wharfgate.example/s?a=1&b=2",
  });
  await notifier.send({ key: "k", events }, AbortSignal.timeout(20_000));
  return smtp.mails[0];
}

describe("a mail", () => {
  it("has text and HTML with the full digest, and names nothing to load", async () => {
    const mail = await send(await startSmtp(), {
      events: [eventOf("imported"), eventOf("failed", { reason: "why" })],
      subjectPrefix: "[prod]",
    });
    expect(mail?.subject).toBe("[prod] 1 import failed, 1 image imported");
    expect(mail?.from).toBe("Wharfgate <wg@example.com>");
    expect(mail?.to).toBe("ops@example.com");
    expect(mail?.text).toContain(digestA);
    expect(mail?.html).toContain(digestA);
    expect(mail?.html).not.toMatch(/src=|url\(|@import|<link|<script|<form/i);
    expect(mail?.html).toContain('href="https://wharfgate.example/s?a=1&#38;b=2"');
    expect(mail?.raw).toContain("multipart/alternative");
    expect(mail?.headers).toContainEqual(["Auto-Submitted", "auto-generated"]);
  });

  it.each(hostile)("escapes %j in HTML and lets no header in", async (text) => {
    const all = {
      source: text,
      tag: text,
      target: text,
      digest: text,
      method: text,
      watch: text,
      reason: text,
    };
    const bad = { ...all, at: text, link: text };
    const mail = await send(await startSmtp(), {
      events: [eventOf("failed", bad), eventOf("dead-letter", bad)],
    });
    const visible = mail?.html?.replace(
      /<style>[\s\S]*?<\/style>|<\/?(?:html|head|body|meta|title|table|tr|td|div|span|a|!doctype)(?: [^<>]*)?>/g,
      "",
    );
    expect(visible).not.toContain("<");
    expect(mail?.html).not.toMatch(/[\p{Cf}\p{Cs}]|(?!\n)\p{Cc}/u);
    expect(mail?.headers.map(([name]) => name)).not.toContain("Bcc");
    expect(mail?.subject).not.toMatch(/[\r\n]/);
    expect(mail?.text).not.toContain("\r\nBcc:");
  });

  it("shows every event of a hundred", async () => {
    const events = Array.from({ length: 100 }, (_, i) => eventOf("imported", { tag: `1.0.${i}` }));
    const mail = await send(await startSmtp(), { events });
    expect(mail?.text.match(/^\* nginx:1\.0\.[0-9]+$/gm)).toHaveLength(100);
    expect(mail?.subject).toBe("100 images imported");
  });

  it("keeps text that is not ASCII", async () => {
    const mail = await send(await startSmtp(), {
      events: [eventOf("failed", { reason: "Grüße = 100 % ☂ ".repeat(20) })],
      subjectPrefix: "Prüfung",
    });
    expect(mail?.subject).toBe("Prüfung Import failed: nginx:1.27.1");
    expect(mail?.text).toContain("Grüße = 100 % ☂ Grüße = 100 % ☂");
    expect(mail?.html).toContain("Grüße = 100 % ☂ Grüße = 100 % ☂");
  });
});

describe("the mail server", () => {
  it.each([
    ["451 to the data", { data: () => ({ code: 451, text: "x" }) }, "unavailable"],
    ["421 to the data", { data: () => ({ code: 421, text: "x" }) }, "unavailable"],
    ["554 to the data", { data: () => ({ code: 554, text: "x" }) }, "forbidden"],
    ["550 to the only recipient", { recipient: () => ({ code: 550, text: "x" }) }, "forbidden"],
    ["450 to the only recipient", { recipient: () => ({ code: 450, text: "x" }) }, "unavailable"],
    ["535 to the login", { login: () => ({ code: 535, text: "s@cret" }) }, "unauthorized"],
    ["454 to the login", { login: () => ({ code: 454, text: "s@cret" }) }, "unavailable"],
  ])("%s", async (_, refuse, code) => {
    await expect(send(await startSmtp(refuse))).rejects.toMatchObject({
      code,
      message: expect.not.stringContaining("s@cret"),
    });
  });

  it.each([
    [550, "invalid"],
    [450, "unavailable"],
  ])("%i to one of two recipients is not silent", async (code, expected) => {
    const refuse = {
      recipient: (address: string) => (address.startsWith("gone") ? { code, text: "x" } : undefined),
    };
    const sending = send(await startSmtp(refuse), { to: ["ops@example.com", "gone@example.com"] });
    await expect(sending).rejects.toMatchObject({
      code: expected,
      message: expect.stringMatching(/^the mail server refused 1 of 2 recipients/),
    });
    expect(server?.mails).toHaveLength(1);
  });

  it("gets nothing under a certificate that is not trusted", async () => {
    const smtp = await startSmtp({}, { secure: true, logger: false });
    await expect(send(smtp, { scheme: "smtps" })).rejects.toMatchObject({ code: "blocked" });
    expect(smtp.mails).toEqual([]);
  });

  it("that is not there is a network failure", async () => {
    const gone = await startSmtp();
    await gone.close();
    await expect(
      send(await startSmtp().then((other) => ({ ...other, port: gone.port }))),
    ).rejects.toMatchObject({ code: "network" });
  });

  it.each([
    [
      "smtp://mail.example.com",
      { host: "mail.example.com", port: 587, secure: false, requireTLS: true, ignoreTLS: false },
    ],
    [
      "smtps://mail.example.com",
      { host: "mail.example.com", port: 465, secure: true, requireTLS: false, ignoreTLS: false },
    ],
    ["smtp://u:p%40@mail.example.com:25", { port: 25, requireTLS: true, auth: { user: "u", pass: "p@" } }],
    ["smtp://127.0.0.1:2525", { host: "127.0.0.1", port: 2525, requireTLS: false, ignoreTLS: true }],
    ["smtp://localhost.example.com", { requireTLS: true }],
    ["smtp://127.0.0.1.example.com", { requireTLS: true }],
    ["smtp://[::1]:2525", { host: "::1", requireTLS: false }],
  ])("%s is reached with TLS unless it is this machine", (url, expected) => {
    const read = readSmtpUrl(url);
    expect(read && smtpOptions(read)).toMatchObject(expected);
  });

  it.each([
    "http://mail.example.com",
    "smtp://",
    "mail.example.com:25",
    "smtp://h/path",
    "smtp://h?tls=no",
    "smtp://%zz:x@h",
    "",
  ])("refuses %j", (url) => {
    expect(readSmtpUrl(url)).toBeUndefined();
  });
});
