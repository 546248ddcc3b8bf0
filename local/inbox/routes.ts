import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { projectRoot } from "../project-root.ts";
import type { Caught } from "./caught.ts";
import { readWorkflowMessage } from "./workflow-message.ts";

export const webhookPath = "/webhook";

export interface InboxRoutesOptions {
  readonly caught: Caught;
  /** Shown on the page. */
  readonly smtpUrl: string;
}

/** As Teams has it: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
const maxCardBytes = 28 * 1024;
const listed = 50;

/**
 * `POST /webhook` takes a card and answers 202, as Workflows does; `GET /messages?after=<id>` lists what was caught, newest
 * first, at most 50; `GET /messages/<id>/html` is a mail's HTML, locked up; `GET /` is the page.
 */
export async function inboxRoutes({ caught, smtpUrl }: InboxRoutesOptions): Promise<Hono> {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header("X-Content-Type-Options", "nosniff");
    context.header("Referrer-Policy", "no-referrer");
    context.header("Cache-Control", "no-store");
    if (!context.res.headers.has("Content-Security-Policy"))
      context.header("Content-Security-Policy", pagePolicy);
  });

  const tooLarge = bodyLimit({
    maxSize: maxCardBytes,
    onError: (context) => context.text("The message is larger than 28 KB.\n", 413),
  });
  app.post(webhookPath, tooLarge, async (context) => {
    const message = readWorkflowMessage(await context.req.text());
    if (message.kind === "refused") return context.text(`Not a card for Teams: ${message.reason}\n`, 400);
    await caught.add(message);
    return context.body(null, 202);
  });

  app.get("/messages", (context) => {
    const after = Number(context.req.query("after") ?? 0);
    const all = caught.list();
    const newer = Number.isSafeInteger(after) ? all.filter(({ id }) => id > after) : all;
    return context.json({ smtpUrl, total: all.length, messages: newer.slice(0, listed) });
  });

  app.get("/messages/:id/html", (context) => {
    const message = caught.list().find(({ id }) => String(id) === context.req.param("id"));
    if (message?.kind !== "mail" || message.mail.html === undefined) return context.notFound();
    context.header("Content-Security-Policy", mailPolicy);
    return context.html(message.mail.html);
  });

  for (const { path, type, file } of assets) {
    const bytes = await readFile(join(projectRoot, file), "utf8");
    app.get(path, (context) => context.body(bytes, 200, { "Content-Type": `${type}; charset=utf-8` }));
  }
  return app;
}

const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** No script, no request, no form; same origin only so that the page can measure its height and open its links apart. */
const mailPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
].join("; ");

const assets = [
  { path: "/", type: "text/html", file: "local/inbox/page/inbox.html" },
  { path: "/inbox.css", type: "text/css", file: "local/inbox/page/inbox.css" },
  { path: "/inbox.js", type: "text/javascript", file: "local/inbox/page/inbox.js" },
  { path: "/card-host.js", type: "text/javascript", file: "local/inbox/page/card-host.js" },
  {
    path: "/adaptivecards.js",
    type: "text/javascript",
    file: "node_modules/adaptivecards/dist/adaptivecards.min.js",
  },
];
