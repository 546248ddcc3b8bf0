import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Inbox, startInbox } from "../../local/inbox/inbox.ts";
import type { Event } from "../../shared/model/event.ts";
import { parseChannel } from "../../shared/notifiers/members.ts";
import { eventOf, hostile } from "../notifiers/events.ts";
import { describeWithPeers } from "../support/peers.ts";
import { startScriptedServer } from "../support/scripted-server.ts";

describeWithPeers("the inbox's page in a browser", ["chromium"], ({ chromium: executablePath }) => {
  let dir: string;
  let inbox: Inbox;
  let browser: Browser;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "inbox-page-"));
    inbox = await startInbox({ dir, log: () => undefined });
    browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await inbox?.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function send(key: string, events: readonly Event[]): Promise<void> {
    const email = { kind: "email", smtp: inbox.smtpUrl, from: "wg@example.com", to: ["ops@example.com"] };
    for (const config of [{ kind: "teams", webhookUrl: inbox.webhookUrl }, email]) {
      const notifier = parseChannel("c", JSON.stringify(config)).open({ statusUrl: inbox.url });
      await notifier.send({ key, events }, AbortSignal.timeout(20_000));
    }
  }

  /** The page, with everything that it should never do. */
  async function openPage(): Promise<{ page: Page; faults: string[] }> {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on("dialog", (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (line) => {
      if (line.type() === "error") faults.push(`console: ${line.text()}`);
    });
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(inbox.url)) faults.push(`request: ${request.url()}`);
    });
    await page.goto(inbox.url);
    await page.getByText("Live", { exact: true }).waitFor();
    return { page, faults };
  }

  it("shows a card rendered and a mail as they arrive, newest first", async () => {
    const { page, faults } = await openPage();
    await page.getByText("No card yet.").waitFor();
    await send("first", [eventOf("imported")]);
    const first = page.locator("#cards article").first();
    await first.getByText("Imported: nginx:1.27.1").waitFor();
    expect(await first.getByText("contoso.azurecr.io/mirror/nginx:1.27.1").isVisible()).toBe(true);
    expect(await first.getByRole("link", { name: "Open Wharfgate" }).isVisible()).toBe(true);

    await send("second", [eventOf("failed", { reason: "the source answered 403" }), eventOf("imported")]);
    await page.locator("#cards article").first().getByText("1 import failed, 1 image imported").waitFor();
    const mail = page.locator("#mails article").first();
    await mail.getByRole("heading", { name: "1 import failed, 1 image imported" }).waitFor();
    await mail.frameLocator("iframe").getByText("the source answered 403").waitFor();
    await mail.getByRole("button", { name: "Plain text" }).click();
    await mail.locator("pre", { hasText: "FAILED IMPORTS (1)" }).waitFor();
    await mail.getByRole("button", { name: "Headers" }).click();
    await mail.getByRole("cell", { name: "auto-generated" }).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("shows hostile texts as texts", async () => {
    const bad = hostile.map((text) =>
      eventOf("failed", { source: text, tag: text, reason: text, target: text, watch: text, link: text }),
    );
    await send("hostile", bad);
    const { page, faults } = await openPage();
    const card = page.locator("#cards article").first();
    await card.getByText("<script>alert(1)</script>").first().waitFor();
    expect(await card.locator("script, img, a[href], iframe").count()).toBe(0);
    const frame = page.locator("#mails article").first().frameLocator("iframe");
    await frame.getByText("<script>alert(1)</script>").first().waitFor();
    expect(await frame.locator("script, img").count()).toBe(0);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("runs no script and loads nothing, even of a card and a mail that are not ours", async () => {
    const elsewhere = await startScriptedServer();
    const evil = "<img src=x onerror=alert(1)><script>alert(2)</script>[link](javascript:alert(3))";
    const body = [
      { type: "TextBlock", text: evil },
      { type: "Image", url: `${elsewhere.origin}/pixel.png`, altText: evil },
      {
        type: "ActionSet",
        actions: [{ type: "Action.OpenUrl", title: "press", url: "javascript:alert(4)" }],
      },
    ];
    const content = { type: "AdaptiveCard", version: "1.5", body };
    const attachments = [
      { contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content },
    ];
    const answer = await fetch(inbox.webhookUrl, {
      method: "POST",
      body: JSON.stringify({ type: "message", attachments }),
    });
    expect(answer.status).toBe(202);
    await sendRaw(
      inbox.smtpUrl,
      `<p>other</p>${evil}<form action="${elsewhere.origin}"></form><style>@import "${elsewhere.origin}/x.css";</style>`,
    );

    const { page, faults } = await openPage();
    const card = page.locator("#cards article").first();
    await card.getByText("alert(2)").first().waitFor();
    await card.getByRole("link", { name: "press" }).click();
    await page.locator("#mails article").first().frameLocator("iframe").getByText("other").waitFor();
    expect(faults.filter((fault) => /^(?:dialog|error)/.test(fault))).toEqual([]);
    const refusals = faults.filter((fault) => fault.startsWith("console"));
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect(refusal).toMatch(/Content Security Policy|sandboxed/);
    expect(page.context().pages()).toHaveLength(1);
    await elsewhere.finish();
    await page.close();
  });

  it("follows the system's dark colours", async () => {
    const page = await browser.newPage({ colorScheme: "dark" });
    await page.goto(inbox.url);
    await page.locator("#cards article").first().waitFor();
    const colour = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(colour).toBe("rgb(22, 24, 28)");
    await page.close();
  });
});

async function sendRaw(smtpUrl: string, html: string): Promise<void> {
  const { hostname: host, port } = new URL(smtpUrl);
  await createTransport({ host, port: Number(port), ignoreTLS: true }).sendMail({
    from: "x@example.com",
    to: "y@example.com",
    subject: "not ours",
    html,
  });
}
