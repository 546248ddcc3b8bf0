import { afterEach, describe, expect, it } from "vitest";
import type { Event } from "../../shared/model/event.ts";
import { Failure } from "../../shared/model/failure.ts";
import { parseChannel } from "../../shared/notifiers/members.ts";
import type { Notifier } from "../../shared/notifiers/notifier.ts";
import { type Answer, startScriptedServer } from "../support/scripted-server.ts";
import { digestA, eventOf, hostile } from "./events.ts";
import { startSmtp } from "./smtp-fake.ts";

const secret = "hunter2-signature";
const statusUrl = "https://wharfgate.example/api/status";

interface Received {
  /** All text that people see. */
  readonly text: string;
  /** What a repeat has in common. */
  readonly key: string;
  readonly bytes: number;
}

interface Bench {
  readonly notifier: Notifier;
  received(): readonly Received[];
  close(): Promise<void>;
}

type Mood = "accepts" | "busy" | "refuses" | "breaks";

async function teamsBench(mood: Mood): Promise<Bench> {
  const path = `/workflows/1?sig=${secret}`;
  const moods: Readonly<Record<Mood, Answer>> = {
    accepts: { status: 202 },
    busy: { status: 429, headers: { "retry-after": "7" }, body: secret },
    refuses: { status: 400, body: secret },
    breaks: (_request, response) => {
      response.destroy();
      return undefined;
    },
  };
  const server = await startScriptedServer();
  server.always(`POST ${path}`, moods[mood]);
  const config = { kind: "teams", webhookUrl: `${server.origin}${path}` };
  return {
    notifier: parseChannel("t", JSON.stringify(config)).open({ statusUrl }),
    received: () =>
      server.received.map(({ headers, body }) => ({
        text: textsOf(JSON.parse(body.toString("utf8"))).join("\n"),
        key: String(headers["idempotency-key"]),
        bytes: body.length,
      })),
    close: server.finish,
  };
}

function textsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "text" && typeof inner === "string" ? [inner] : textsOf(inner),
  );
}

async function emailBench(mood: Mood): Promise<Bench> {
  const replies = {
    busy: { code: 451, text: secret },
    refuses: { code: 550, text: secret },
    breaks: { code: 421, text: secret },
  } as const;
  const server = await startSmtp(mood === "accepts" ? {} : { data: () => replies[mood] });
  const smtp = `smtp://user:${secret}@127.0.0.1:${server.port}`;
  const config = { kind: "email", smtp, from: "Wharfgate <wg@example.com>", to: ["ops@example.com"] };
  return {
    notifier: parseChannel("e", JSON.stringify(config)).open({ statusUrl }),
    received: () =>
      server.mails.map(({ subject, text, headers, raw }) => ({
        text: `${subject}\n${text}`,
        key: headers.find(([name]) => name === "Message-ID")?.[1] ?? "",
        bytes: raw.length,
      })),
    close: server.close,
  };
}

describe.each([
  { kind: "teams", bench: teamsBench },
  { kind: "email", bench: emailBench },
])("notifier $kind", ({ bench }) => {
  let open: Bench | undefined;
  afterEach(async () => {
    await open?.close();
    open = undefined;
  });

  async function send(events: readonly Event[], mood: Mood = "accepts", times = 1) {
    open = await bench(mood);
    for (let i = 0; i < times; i++) {
      await open.notifier.send({ key: `key ${secret}`, events }, AbortSignal.timeout(20_000));
    }
    return open.received();
  }

  async function failureOf(mood: Mood): Promise<Failure> {
    try {
      await send([eventOf("imported")], mood);
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
    throw new Error("nothing failed");
  }

  it("sends one message for many events, most urgent first", async () => {
    const received = await send([
      eventOf("imported", { tag: "1.28.1" }),
      eventOf("imported", { tag: "1.28.2" }),
      eventOf("moved", { tag: "1.26.0", previousDigest: digestA }),
      eventOf("failed", { tag: "1.25.0", reason: "the source answered 403" }),
    ]);
    expect(received).toHaveLength(1);
    const text = received[0]?.text ?? "";
    expect(text).toContain("1 import failed, 1 tag moved upstream, 2 images imported");
    const places = ["nginx:1.25.0", "nginx:1.26.0", "nginx:1.28.1", "nginx:1.28.2"].map((name) =>
      text.indexOf(name),
    );
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(text).toContain("the source answered 403");
    expect(text).not.toContain("undefined");
  });

  it("says what, where to, which digest, how and how long", async () => {
    const [message] = await send([eventOf("imported", { elapsedMs: 192_000 })]);
    for (const part of [
      "Imported: nginx:1.27.1",
      "contoso.azurecr.io/mirror/nginx:1.27.1",
      "sha256:a1a1a1a1a1a1",
      "acr-import",
      "3 min 12 s",
      "edge/nginx",
      "2026-11-22 03:40 UTC",
    ]) {
      expect(message?.text).toContain(part);
    }
  });

  it("says of stale checks that they are not the same as no updates, since when, and what to do", async () => {
    const { tag: _, digest: __, target: ___, method: ____, ...about } = eventOf("stale");
    const reason =
      "Not checked since 2026-11-22 01:15 UTC: The upstream asked for a pause. Give it a credential.";
    const received = await send([
      eventOf("imported"),
      { ...about, reason },
      { ...about, watch: "edge/redis", source: "docker.io/library/redis", reason },
    ]);
    expect(received).toHaveLength(1);
    for (const part of [
      "2 checks out of date, 1 image imported",
      "This is not the same as no updates: new versions of these go unseen.",
      "edge/nginx",
      "edge/redis",
      reason,
    ]) {
      expect(received[0]?.text).toContain(part);
    }
    expect(received[0]?.text).not.toContain("undefined");
  });

  it.each(hostile)("makes %j inert in every field", async (text) => {
    const all = {
      source: text,
      tag: text,
      target: text,
      digest: text,
      method: text,
      watch: text,
      reason: text,
      at: text,
      link: text,
    };
    const [message] = await send([eventOf("failed", all), eventOf("dead-letter", all)]);
    expect(message?.text).not.toMatch(/[\p{Cf}\p{Cs}]|(?!\n)\p{Cc}/u);
  });

  it("sends 100 long events within what the other side takes", async () => {
    const long = "ü".repeat(5_000);
    const events = Array.from({ length: 100 }, (_, i) =>
      eventOf("failed", { tag: `${i}`, reason: long, target: long }),
    );
    const [message] = await send(events);
    expect(message?.text).toContain("100 imports failed");
    expect(message?.bytes).toBeLessThan(2_000_000);
  });

  it("gives a repeat the same key, without the key's text", async () => {
    const [first, second] = await send([eventOf("imported")], "accepts", 2);
    expect(first?.key).toMatch(/^<?[0-9a-f]{40,}/);
    expect(second?.key).toBe(first?.key);
    expect(first?.key).not.toContain(secret);
  });

  it.each([
    ["busy", true],
    ["breaks", true],
    ["refuses", false],
  ] as const)(
    "when the other side %s: a failure, transient: %s, without secrets",
    async (mood, transient) => {
      const failure = await failureOf(mood);
      expect(failure.transient).toBe(transient);
      expect(failure.message.length).toBeGreaterThan(30);
      expect(
        JSON.stringify([failure.message, failure.context, String(failure.stack), String(failure.cause)]),
      ).not.toContain(secret);
    },
  );

  it("stops when it is told to", async () => {
    open = await bench("accepts");
    const sending = open.notifier.send({ key: "k", events: [eventOf("imported")] }, AbortSignal.abort());
    await expect(sending).rejects.toMatchObject({ code: "canceled" });
  });
});
