import { createRequire } from "node:module";
import { afterEach, describe, expect, it } from "vitest";
import { renderCard } from "../../shared/notifiers/card.ts";
import { parseChannel } from "../../shared/notifiers/members.ts";
import { summarize } from "../../shared/notifiers/summary.ts";
import { type Answer, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";
import { digestA, digestB, eventOf, hostile } from "./events.ts";

// Its typings and its modules want a bundler; the bundle that browsers load runs in Node too.
const { AdaptiveCard, SerializationContext, Versions } = createRequire(import.meta.url)(
  "adaptivecards/dist/adaptivecards.min.js",
);

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.finish();
  server = undefined;
});

async function post(answer: Answer): Promise<void> {
  server = await startScriptedServer();
  server.expect("POST /hook?sig=secret", answer);
  await notifierAt(server).send({ key: "k", events: [eventOf("imported")] }, AbortSignal.timeout(20_000));
}

function notifierAt({ origin }: ScriptedServer) {
  return parseChannel("t", JSON.stringify({ kind: "teams", webhookUrl: `${origin}/hook?sig=secret` })).open(
    {},
  );
}

const hangUp: Answer = (_request, response) => {
  response.destroy();
  return undefined;
};

/** Every element of a card, with its type. */
function elements(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "type" in value ? [value as Record<string, unknown>] : [];
  return [...own, ...Object.values(value).flatMap(elements)];
}

function textRuns(card: unknown): unknown[] {
  return elements(card)
    .filter(({ type }) => type === "TextRun")
    .map(({ text }) => text);
}

const all = [
  "failed",
  "moved",
  "denied",
  "waiting",
  "drifted",
  "watch-failing",
  "stale",
  "dead-letter",
  "watch-rejected",
  "repaired",
  "removed",
  "imported",
  "updated",
] as const;
const sets = [
  { name: "one import", events: [eventOf("imported")] },
  {
    name: "one failure with a log",
    events: [eventOf("failed", { reason: "no", link: "https://logs.example/1" })],
  },
  { name: "one moved tag", events: [eventOf("moved", { previousDigest: digestB })] },
  {
    name: "a dead letter that names nothing",
    events: [{ key: "d", kind: "dead-letter", at: "2026-11-22T03:40:12Z" }],
  },
  {
    name: "one of each",
    events: all.map((kind) => eventOf(kind, { reason: "why", previousDigest: digestB })),
  },
  {
    name: "hostile texts",
    events: hostile.map((text) => eventOf("failed", { tag: text, source: text, reason: text, watch: text })),
  },
  {
    name: "a hundred",
    events: Array.from({ length: 100 }, (_, i) =>
      eventOf(all[i % all.length] ?? "failed", { tag: `1.0.${i}`, link: "https://logs.example/1" }),
    ),
  },
] as const;

describe("the card", () => {
  it.each(sets)("$name is a valid Adaptive Card 1.5 without warnings", ({ events }) => {
    const message = renderCard(summarize(events), "https://wharfgate.example/");
    expect(message).toMatchObject({
      type: "message",
      attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null }],
    });
    const card = new AdaptiveCard();
    const context = new SerializationContext(Versions.v1_5);
    card.parse(message.attachments[0].content, context);
    expect(context.eventCount).toBe(0);
    expect(card.validateProperties().validationEvents).toEqual([]);
    expect(card.version.toString()).toBe("1.5");
    const understood = JSON.parse(JSON.stringify(card.toJSON(context)));
    expect(textRuns(understood)).toEqual(textRuns(message.attachments[0].content));
  });

  it.each(sets)(
    "case 61: $name stays within 28 KB and has text in nothing that reads Markdown",
    ({ events }) => {
      const message = renderCard(summarize(events), "https://wharfgate.example/");
      expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(27_000);
      const types = new Set(elements(message.attachments[0].content).map(({ type }) => type));
      const inert = [
        "AdaptiveCard",
        "Container",
        "RichTextBlock",
        "TextRun",
        "ColumnSet",
        "Column",
        "Action.OpenUrl",
      ];
      expect(JSON.stringify(message.attachments)).not.toContain("{{DATE");
      expect([...types].filter((type) => !inert.includes(String(type)))).toEqual([]);
    },
  );

  it("counts what it leaves out, the least urgent last", () => {
    const reason = "x".repeat(600);
    const failed = Array.from({ length: 60 }, (_, i) => eventOf("failed", { tag: `f${i}`, reason }));
    const imported = Array.from({ length: 40 }, (_, i) => eventOf("imported", { tag: `i${i}` }));
    const text = JSON.stringify(renderCard(summarize([...imported, ...failed]), undefined));
    const shown = text.match(/"nginx:f[0-9]+"/g)?.length ?? 0;
    expect(shown).toBeGreaterThan(20);
    expect(text).not.toContain('"nginx:i0"');
    expect(text).toContain(`and ${100 - shown} more of 100`);
    expect(text).toContain("60 imports failed, 40 images imported");
  });

  it("keeps to two columns, which a phone has room for, whatever the kinds", () => {
    const message = renderCard(summarize(all.map((kind) => eventOf(kind))), undefined);
    const columns = elements(message.attachments[0].content).map((element) => element.columns);
    const widest = Math.max(0, ...columns.map((found) => (Array.isArray(found) ? found.length : 0)));
    expect(widest).toBeLessThanOrEqual(2);
    expect(JSON.stringify(message)).toContain("\u00A0waiting");
  });

  it("takes the colour of the worst", () => {
    const styleOf = (...kinds: (typeof all)[number][]) =>
      elements(renderCard(summarize(kinds.map((kind) => eventOf(kind))), undefined)).find(
        ({ style }) => style,
      )?.style;
    expect(styleOf("imported", "updated")).toBe("good");
    expect(styleOf("imported", "moved")).toBe("warning");
    expect(styleOf("moved", "dead-letter")).toBe("attention");
    expect(styleOf("moved", "stale")).toBe("attention");
  });

  it("shows both digests of a moved tag, and links only to the web", () => {
    const moved = eventOf("moved", {
      digest: digestB,
      previousDigest: digestA,
      link: "https://logs.example/1",
    });
    const text = JSON.stringify(renderCard(summarize([moved]), "https://wharfgate.example/"));
    expect(text).toContain("Held");
    expect(text).toContain("sha256:a1a1a1a1a1a1…");
    expect(text).toContain("sha256:b2b2b2b2b2b2…");
    expect(text).toContain('"url":"https://logs.example/1"');
    for (const link of [
      "javascript:alert(1)",
      "data:text/html,x",
      "https://user:pass@evil.example/",
      "https://user@evil.example/",
      "/x",
      "file:///etc/passwd",
    ]) {
      const other = renderCard(summarize([eventOf("failed", { link }), eventOf("failed", { link })]), link);
      expect(elements(other).filter(({ type }) => type === "Action.OpenUrl")).toEqual([]);
    }
  });
});

describe("the Teams webhook", () => {
  it.each([{ status: 202 }, { status: 200, body: "1" }])(
    "has taken the card when it answers %j",
    async (answer) => {
      await post(answer);
      expect(server?.received[0]?.headers["content-type"]).toBe("application/json");
    },
  );

  it.each([
    [{ status: 429, headers: { "retry-after": "30" } }, "rate-limited", 30_000],
    [{ status: 503, headers: { "retry-after": "nonsense" } }, "unavailable", undefined],
    [{ status: 500 }, "unavailable", undefined],
    [{ status: 408 }, "timeout", undefined],
    [{ status: 400 }, "invalid", undefined],
    [{ status: 401 }, "unauthorized", undefined],
    [{ status: 403 }, "forbidden", undefined],
    [{ status: 404 }, "not-found", undefined],
    [{ status: 410 }, "not-found", undefined],
    [{ status: 413 }, "too-large", undefined],
    [{ status: 302, headers: { location: "http://127.0.0.1:1/" } }, "blocked", undefined],
    [hangUp, "network", undefined],
  ])("maps %j to %s", async (answer, code, retryAfterMs) => {
    const failure = expect.objectContaining({ code, retryAfterMs });
    await expect(post(answer)).rejects.toEqual(failure);
    expect(server?.received).toHaveLength(1);
  });

  it("does not read an endless answer", async () => {
    await post({ status: 202, body: "x".repeat(5_000_000) });
  });

  it("says that nobody listens without saying where", async () => {
    const gone = await startScriptedServer();
    await gone.finish();
    const sending = notifierAt(gone).send(
      { key: "k", events: [eventOf("imported")] },
      AbortSignal.timeout(20_000),
    );
    const failure = await sending.catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "network",
      message: "the Teams webhook cannot be reached (ECONNREFUSED): check the host and the firewall",
    });
    expect(failure).not.toHaveProperty("cause");
  });
});
