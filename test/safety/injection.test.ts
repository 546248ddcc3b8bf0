import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startInbox } from "../../local/inbox/inbox.ts";
import { basicHeader } from "../../shared/auth/basic-header.ts";
import { parseImportRequest } from "../../shared/documents/import-request.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { parseReference, parseTag } from "../../shared/model/reference.ts";
import { tagListOf, tagPageOf, tagsOf } from "../../shared/model/tag-list.ts";
import { parseChannel } from "../../shared/notifiers/members.ts";
import { select } from "../../shared/policies/select.ts";
import { eventOf } from "../notifiers/events.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage } from "../support/images.ts";
import { never } from "../support/registries.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import { challenged, tagsFrom, tagsRequest, useHostile } from "./hostile.ts";

const hostile = useHostile();
const source = { Source: "docker.io/library/app" };
const rulesOf = (columns: Record<string, string>) =>
  parseWatch("default", "app", { ...source, ...columns }).rules;
const selected = (tags: readonly string[], columns: Record<string, string>) =>
  select(tagListOf([tagPageOf(tags)]), rulesOf(columns));

describe("case 56: a regex that explodes elsewhere", () => {
  // Each takes longer than the universe has, by backtracking, on a tag of 128 characters.
  it.each(["^(a+)+$", "(a|a)*b", "(a*)*b", "(.*a){20}", "(a|aa)+c", "([a-z]+)*[0-9]"])(
    "%s runs in linear time as Include, Exclude and Extract",
    (pattern) => {
      const tags = Array.from({ length: 200 }, (_, at) => `${"a".repeat(124)}${at}-`);
      for (const column of ["Include", "Exclude"]) {
        const chosen = selected(tags, { Tags: "alphabetical asc", [column]: pattern });
        expect(chosen.versions.length + [...chosen.skipped].length).toBe(200);
      }
      expect(
        selected(tags, { Tags: "alphabetical asc", Extract: `(?P<version>${pattern})` }).versions,
      ).toEqual([]);
    },
  );

  it.each([
    "(a",
    "a)|(b",
    "(?=a)",
    "\\1",
    "a{1001}",
    "((a{100}){100}){100}",
    "x".repeat(600),
    `(?i)${"\\pL".repeat(160)}`,
    "(?<n>a)(?<n>b)",
  ])("%j is refused with the watch", async (pattern) => {
    await failureOf(() => rulesOf({ Tags: "semver *", Include: pattern }), "invalid");
  });
});

describe("case 57: __proto__ and keys given twice", () => {
  const manifest = Buffer.from(makeImage([makeBlob("x")]).manifest.bytes).toString();
  it.each([
    ["__proto__ in a manifest", `${manifest.slice(0, -1)},"__proto__":{"layers":[]}}`],
    ["__proto__ in its config", manifest.replace('"config":{', '"config":{"__proto__":{},')],
    ["__proto__ by escapes", `${manifest.slice(0, -1)},"\\u005f_proto__":{}}`],
    ["a key twice", `${manifest.slice(0, -1)},"layers":[]}`],
    ["a key twice, by an escape", `${manifest.slice(0, -1)},"layer\\u0073":[]}`],
    ["a digest twice", manifest.replace('"digest":', `"digest":"sha256:${"0".repeat(64)}","digest":`)],
  ])("%s is rejected", async (_name, body) => {
    const client = await hostile.signedIn();
    hostile.registry.expect("GET /v2/app/manifests/1.0", {
      headers: { "content-type": mediaTypes.ociManifest },
      body,
    });
    await failureOf(() => client.getManifest("app", "1.0", never), "protocol");
  });

  it.each([
    ["tags twice", '{"tags":["a","b"],"tags":[]}'],
    ["tags twice, the second null", '{"tags":["a"],"tags":null}'],
    ["tags by a prototype", '{"__proto__":{"tags":["a"]}}'],
    ["a prototype beside tags", '{"tags":["a"],"__proto__":{"tags":["b"]}}'],
  ])("%s in a listing is rejected", async (_name, body) => {
    hostile.registry.expect(tagsRequest, { body });
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });

  it.each([
    ["a token twice", '{"token":"a","token":"b"}'],
    ["a token by a prototype", '{"__proto__":{"token":"a"}}'],
  ])("%s is rejected", async (_name, body) => {
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${hostile.origin}/token"`));
    hostile.registry.expect("GET /token?scope=repository%3Aapp%3Apull", { body });
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });

  it("__proto__ is no column of a watch and no field of a request", async () => {
    const row: Record<string, string> = JSON.parse('{"Tags":"semver *","__proto__":"x"}');
    await failureOf(() => parseWatch("default", "app", { ...source, ...row }), "invalid");
    await failureOf(
      () =>
        parseImportRequest(
          JSON.parse('{"source":"docker.io/library/nginx:1","__proto__":{"method":"copy"}}'),
        ),
      "invalid",
    );
    expect(Object.hasOwn(Object.prototype, "method")).toBe(false);
  });
});

const breaks = [
  "a\r\nx-evil: 1",
  "a\nb",
  "a\rb",
  "a\0b",
  "a\u2028b",
  "a\u0085b",
  "1.0\r\n\r\nGET /evil HTTP/1.1",
];

describe("case 58: CRLF", () => {
  it.each(breaks)("in the tag %j is rejected, wherever it comes from", async (text) => {
    const client = await hostile.signedIn();
    const before = hostile.registry.received.length;
    await failureOf(() => parseTag(text), "invalid");
    await failureOf(() => parseReference(`docker.io/library/nginx:${text}`), "invalid");
    await failureOf(() => rulesOf({ Track: text }), "invalid");
    await failureOf(() => parseImportRequest({ source: `docker.io/library/nginx:${text}` }), "invalid");
    await failureOf(() => client.headManifest("app", text, never), "invalid");
    await failureOf(() => client.getManifest("app", text, never), "invalid");
    await failureOf(() => client.listTags(text, never), "invalid");
    expect(hostile.registry.received.length).toBe(before);
    hostile.registry.expect(tagsRequest, { body: JSON.stringify({ tags: [text, "1.0.0"] }) });
    const { versions, skipped } = select(await client.listTags("app", never), rulesOf({ Tags: "semver *" }));
    expect([versions, [...skipped].map(({ reason }) => reason)]).toEqual([["1.0.0"], ["invalid-tag"]]);
  });

  it.each(["\r\n", "\n", "\0", "\x7f"])(
    "%j in a user or a password is rejected before a header is made",
    async (text) => {
      await failureOf(() => basicHeader({ username: `a${text}b`, password: "x" }), "invalid");
      const failure = await failureOf(
        () => basicHeader({ username: "a", password: `hunter2${text}` }),
        "invalid",
      );
      expect(failure.message).not.toContain("hunter2");
      const client = hostile.open({
        credentials: { resolve: async () => ({ username: "a", password: `b${text}` }) },
      });
      hostile.registry.expect(tagsRequest, challenged('Basic realm="x"'));
      await failureOf(() => tagsFrom(client), "invalid");
      expect(hostile.registry.received.length).toBe(1);
    },
  );

  it("in a challenge by escapes is nothing but letters", async () => {
    hostile.registry.expect(
      tagsRequest,
      challenged(`Bearer realm="${hostile.origin}/\\r\\nx: y",service="a\\\\b\\r\\n"`),
      { body: '{"tags":["a"]}' },
    );
    hostile.registry.expect("GET /rnx:%20y?service=a%5Cbrn&scope=repository%3Aapp%3Apull", {
      body: '{"token":"x"}',
    });
    expect(await tagsFrom(hostile.open())).toEqual(["a"]);
  });
});

const strange = [
  "1.0.0\u202e", // right to left
  "\u200f1.0.0",
  "1.0.0\u200b",
  "1.0.0\ufeff",
  "１.0.0", // full-width
  "1.0.0é",
  "1\u22240.0",
  "\ud800",
  "1.0.0💥",
  "а1.0.0", // Cyrillic
  "1".repeat(129),
  "-1.0.0",
  ".1.0.0",
  "1.0.0 ",
  "1.0.0+build",
  "1.0.0/2",
  "",
];

describe("case 59: Unicode, RTL and long tags", () => {
  it.each(strange)("%j is rejected as a tag", async (text) => {
    await failureOf(() => parseTag(text), "invalid");
    hostile.registry.expect(tagsRequest, { body: JSON.stringify({ tags: [text, "1.0.0"] }) });
    const list = await hostile.open().listTags("app", never);
    for (const Tags of ["semver *", "loose *", "calver *", "number *", "alphabetical asc"]) {
      const { versions, skipped } = select(list, rulesOf({ Tags }));
      expect([Tags, versions.filter((tag) => tag !== "1.0.0")]).toEqual([Tags, []]);
      const reasons = [...skipped].filter(({ tag }) => tag !== "1.0.0").map(({ reason }) => reason);
      expect([Tags, reasons]).toEqual([Tags, ["invalid-tag"]]);
    }
  });

  it("in what the explanation says are shown as plain ASCII", async () => {
    const { skipped } = selected(strange, { Tags: "semver *" });
    for (const { detail } of skipped) expect(detail).toMatch(/^[\x20-\x7e]*$/);
  });

  it("bytes that are no UTF-8 are no tag either", async () => {
    hostile.registry.expect(tagsRequest, {
      body: Buffer.concat([Buffer.from('{"tags":["1.0.0","'), Buffer.from([0xff, 0xc0]), Buffer.from('"]}')]),
    });
    const list = await hostile.open().listTags("app", never);
    expect([...tagsOf(list)].length).toBe(2);
    expect(select(list, rulesOf({ Tags: "alphabetical asc" })).versions).toEqual(["1.0.0"]);
  });
});

describe("beyond: texts that are long or strange on purpose", () => {
  it.each(["[::.]", "[1]", "1.2.3.999", "256.256.256.256", "a.example:65536", "1.2.3.0x100"])(
    "%s is no registry's host",
    async (host) => {
      await failureOf(() => parseReference(`${host}/app:1`), "invalid");
    },
  );

  it("a column's name of megabytes is refused without being compared letter by letter", async () => {
    const row = { Tags: "semver *", [`Tags${"-".repeat(4_000_000)}`]: "x" };
    const failure = await failureOf(() => parseWatch("default", "app", { ...source, ...row }), "invalid");
    expect(failure.message.length).toBeLessThan(4001);
  });

  it("a tag of megabytes costs no pattern's time", () => {
    const tags = ["1.0.0-1", ...Array.from({ length: 4 }, (_, at) => `${at}.${"9".repeat(8_000_000)}.1-1`)];
    for (const Tags of ["semver *", "alphabetical asc"]) {
      const { versions, skipped } = selected(tags, {
        Tags,
        Extract: "([0-9]+\\.[0-9]+\\.[0-9]+)-([0-9]+) => $1",
      });
      expect([versions, skipped.map(({ reason }) => reason)]).toEqual([
        ["1.0.0-1"],
        Array(4).fill("invalid-tag"),
      ]);
    }
  });

  it("a challenge of a thousand schemes is refused", async () => {
    hostile.registry.expect(tagsRequest, challenged("Basic,".repeat(1000)));
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });
});

// What an annotation or a tag of an attacker may hold. The page is shown to a real browser in test/peers/inbox-page.test.ts.
const active = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "[click](https://evil.example)",
  "![x](https://evil.example/pixel.png)",
  "<at>everyone</at> @channel @everyone",
  "**bold** _it_ `code` ~~no~~",
  "<https://evil.example|click>",
  "https://evil.example/login",
  "&lt;b&gt;",
  "javascript:alert(1)",
];

describe("case 60: markup and mentions", () => {
  it.each(active)("%s is inert in mail, card and the inbox that shows them", async (text) => {
    const dir = await mkdtemp(join(tmpdir(), "wharfgate-safety-"));
    const inbox = await startInbox({ dir, log: () => undefined });
    const teams = await startScriptedServer();
    teams.always("POST /hook", { status: 202 });
    const event = eventOf("failed", {
      source: text,
      tag: text,
      target: text,
      reason: text,
      watch: text,
      link: text,
      method: text,
    });
    const channels = [
      { kind: "teams", webhookUrl: `${teams.origin}/hook` },
      { kind: "teams", webhookUrl: inbox.webhookUrl },
      { kind: "email", smtp: inbox.smtpUrl, from: "wg@example.com", to: ["ops@example.com"] },
    ];
    for (const config of channels) {
      const notifier = parseChannel("c", JSON.stringify(config)).open({ statusUrl: inbox.url });
      await notifier.send({ key: "k", events: [event] }, AbortSignal.timeout(20_000));
    }

    const card: unknown = JSON.parse(teams.received[0]?.body.toString() ?? "");
    expect(textsOf(card, "TextRun").some((shown) => shown.includes(text.slice(0, 8)))).toBe(true);
    // Only a TextBlock reads Markdown, and only an entity makes a mention.
    expect(textsOf(card, "TextBlock").filter((shown) => shown.includes(text.slice(0, 8)))).toEqual([]);
    expect(JSON.stringify(card)).not.toMatch(/"entities"|"type":"Image"/);
    const urls = [...JSON.stringify(card).matchAll(/"url":"([^"]*)"/g)].map(([, url = ""]) => url);
    expect(urls.filter((url) => !url.startsWith(inbox.url) && url !== linkOf(text))).toEqual([]);

    const { messages } = (await (await fetch(new URL("/messages", inbox.url))).json()) as {
      messages: readonly { id: number; kind: string }[];
    };
    expect(messages.map(({ kind }) => kind).sort()).toEqual(["card", "mail"]);
    const id = messages.find(({ kind }) => kind === "mail")?.id;
    const answer = await fetch(new URL(`/messages/${id}/html`, inbox.url));
    const html = await answer.text();
    expect(html).toContain(escaped(text).slice(0, 8));
    expect(html).not.toMatch(/<script|<img|<at|href="javascript|<b>/i);
    const links = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, url = ""]) => url);
    expect(links.filter((url) => !url.startsWith(inbox.url) && url !== linkOf(text))).toEqual([]);
    expect(answer.headers.get("content-security-policy")).toMatch(/default-src 'none'.*sandbox/);
    await Promise.all([inbox.close(), teams.finish()]);
    await rm(dir, { recursive: true, force: true });
  });
});

function linkOf(text: string): string | undefined {
  return /^https:/.test(text) ? text : undefined;
}

/** As HTML shows it. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The texts of a card's elements of one type. */
function textsOf(value: unknown, type: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "type" in value && value.type === type && "text" in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap((inner) => textsOf(inner, type))];
}
