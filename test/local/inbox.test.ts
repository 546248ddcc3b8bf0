import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Inbox, startInbox } from "../../local/inbox/inbox.ts";
import { parseChannel } from "../../shared/notifiers/members.ts";
import { eventOf } from "../notifiers/events.ts";

const card = { type: "AdaptiveCard", version: "1.5", body: [{ type: "TextBlock", text: "hello" }] };
const attachment = {
  contentType: "application/vnd.microsoft.card.adaptive",
  contentUrl: null,
  content: card,
};
const message = { type: "message", attachments: [attachment] };

let dir: string;
let open: Inbox[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "inbox-"));
});

afterEach(async () => {
  await Promise.all(open.map((inbox) => inbox.close()));
  open = [];
  await rm(dir, { recursive: true, force: true });
});

async function start(warnings: string[] = []): Promise<Inbox> {
  const inbox = await startInbox({ dir, log: (_level, text) => warnings.push(text) });
  open.push(inbox);
  return inbox;
}

function post({ webhookUrl }: Inbox, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(webhookUrl, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers,
  });
}

async function sendBoth(inbox: Inbox): Promise<void> {
  const email = { kind: "email", smtp: inbox.smtpUrl, from: "wg@example.com", to: ["ops@example.com"] };
  for (const config of [{ kind: "teams", webhookUrl: inbox.webhookUrl }, email]) {
    const notifier = parseChannel("c", JSON.stringify(config)).open({});
    await notifier.send({ key: "k", events: [eventOf("imported")] }, AbortSignal.timeout(20_000));
  }
}

describe("the inbox", () => {
  it("catches what our channels send, newest first", async () => {
    const inbox = await start();
    await sendBoth(inbox);
    expect(inbox.messages()).toMatchObject([
      {
        kind: "mail",
        id: 2,
        mail: {
          subject: "Imported: nginx:1.27.1",
          from: "wg@example.com",
          to: "ops@example.com",
          html: expect.stringContaining("<table"),
        },
      },
      { kind: "card", id: 1, card: { type: "AdaptiveCard", version: "1.5" } },
    ]);
    const listed = await (await fetch(new URL("messages", inbox.url))).json();
    expect(listed).toEqual({ smtpUrl: inbox.smtpUrl, total: 2, messages: inbox.messages() });
  });

  it("lists only what is newer when asked so, at most 50", async () => {
    const inbox = await start();
    for (let i = 0; i < 52; i++) expect((await post(inbox, message)).status).toBe(202);
    const idsOf = async (query: string) =>
      (
        (await (await fetch(new URL(`messages${query}`, inbox.url))).json()) as { messages: { id: number }[] }
      ).messages.map(({ id }) => id);
    expect(await idsOf("?after=50")).toEqual([52, 51]);
    expect(await idsOf("?after=52")).toEqual([]);
    expect(await idsOf("?after=x")).toHaveLength(50);
  });

  it("answers as Workflows does: 202 without a body", async () => {
    const answer = await post(await start(), message);
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe("");
  });

  it.each([
    ["no JSON", "{", "the body is not JSON"],
    ["a bare card", card, "type: "],
    ["no attachment", { ...message, attachments: [] }, "attachments"],
    [
      "another attachment",
      { ...message, attachments: [{ ...attachment, contentType: "text/plain" }] },
      "attachments.0.contentType",
    ],
    [
      "a card that Teams cannot render",
      { ...message, attachments: [{ ...attachment, content: { ...card, version: "1.6" } }] },
      "up to 1.5",
    ],
    [
      "an empty card",
      { ...message, attachments: [{ ...attachment, content: { ...card, body: [] } }] },
      "attachments.0.content.body",
    ],
    [
      "an element without a type",
      { ...message, attachments: [{ ...attachment, content: { ...card, body: [{}] } }] },
      "attachments.0.content.body.0.type",
    ],
  ])("refuses %s with 400 and says why", async (_, body, reason) => {
    const inbox = await start();
    const answer = await post(inbox, body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(reason);
    expect(inbox.messages()).toEqual([]);
  });

  it("refuses more than 28 KB with 413", async () => {
    const inbox = await start();
    const content = { ...card, body: [{ type: "TextBlock", text: "x".repeat(28 * 1024) }] };
    expect((await post(inbox, { ...message, attachments: [{ ...attachment, content }] })).status).toBe(413);
    expect(inbox.messages()).toEqual([]);
  });

  it("refuses a page of another origin and another host", async () => {
    const inbox = await start();
    expect((await post(inbox, message, { origin: "https://evil.example" })).status).toBe(403);
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        new URL("messages", inbox.url),
        { headers: { host: "evil.example" } },
        (response) => {
          response.resume().once("end", () => resolve(response.statusCode));
        },
      );
      asked.once("error", reject).end();
    });
    expect(status).toBe(403);
    expect(inbox.messages()).toEqual([]);
  });

  it("keeps messages over a restart, and goes on counting", async () => {
    const first = await start();
    await sendBoth(first);
    const before = first.messages();
    await first.close();
    await writeFile(join(dir, "0000000009.json"), "{ half");
    const warnings: string[] = [];
    const second = await start(warnings);
    expect(second.messages()).toEqual(before);
    expect(warnings).toEqual(["a caught message cannot be read and is left out"]);
    await post(second, message);
    expect(second.messages()[0]).toMatchObject({ id: 3 });
  });

  it("keeps the latest 500 and drops the others from the disk", async () => {
    const stored = (id: number) => JSON.stringify({ kind: "card", id, at: "2026-11-22T03:40:12.000Z", card });
    for (let id = 1; id <= 500; id++)
      await writeFile(join(dir, `${String(id).padStart(10, "0")}.json`), stored(id));
    const inbox = await start();
    await post(inbox, message);
    expect(inbox.messages()).toHaveLength(500);
    expect(inbox.messages().at(-1)?.id).toBe(2);
    expect(await readdir(dir)).toHaveLength(500);
  });

  it.each([
    ["", "text/html"],
    ["inbox.js", "text/javascript"],
    ["card-host.js", "text/javascript"],
    ["inbox.css", "text/css"],
    ["adaptivecards.js", "text/javascript"],
  ])("serves its page by itself, under a strict policy: /%s", async (path, type) => {
    const answer = await fetch(new URL(path, (await start()).url));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(`${type}; charset=utf-8`);
    expect(answer.headers.get("content-security-policy")).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    if (path !== "adaptivecards.js") expect(await answer.text()).not.toMatch(/https?:\/\/(?!\$)|innerHTML =/);
  });

  it("says which port is taken, and leaves none open", async () => {
    const taken = await start();
    const port = Number(new URL(taken.url).port);
    const smtpPort = Number(new URL(taken.smtpUrl).port);
    const log = () => undefined;
    const conflict = (which: number) => ({
      code: "conflict",
      message: expect.stringContaining(`port ${which} on 127.0.0.1`),
    });
    await expect(startInbox({ dir, smtpPort, log })).rejects.toMatchObject(conflict(smtpPort));
    await expect(startInbox({ dir, port, log })).rejects.toMatchObject(conflict(port));
  });

  it("locks a mail's HTML up: no script, no request, no form", async () => {
    const inbox = await start();
    await sendBoth(inbox);
    const answer = await fetch(new URL("messages/2/html", inbox.url));
    expect(answer.headers.get("content-security-policy")).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    );
    for (const id of ["1", "3", "x", "..%2f1"]) {
      expect((await fetch(new URL(`messages/${id}/html`, inbox.url))).status).toBe(404);
    }
  });
});
