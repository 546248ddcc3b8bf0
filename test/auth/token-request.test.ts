import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import type { Credential } from "../../shared/model/credential.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import {
  type Received,
  type Reply,
  type ScriptedServer,
  sightings,
  startScriptedServer,
} from "../support/scripted-server.ts";

const tags = "GET /v2/app/tags/list?n=1000";
const found: Reply = { body: '{"tags":["a"]}' };
const get = "GET /token?service=reg&scope=repository%3Aapp%3Apull";
const post = "POST /token";
const old: Credential = { username: "robot", password: "old-s3cret" };
const present: Credential = { username: "robot", password: "new-s3cret" };

let registry: ScriptedServer;
let auth: ScriptedServer;
let opened: ClosableRegistries[] = [];
beforeEach(async () => {
  [registry, auth] = [await startScriptedServer(), await startScriptedServer()];
  opened = [];
});
afterEach(async () => {
  for (const registries of opened) await registries.close();
  expect([old, present].flatMap(({ password }) => sightings(registry, password))).toEqual([]);
  await registry.finish();
  await auth.finish();
});

const challenge = (): Reply => ({
  status: 401,
  headers: { "www-authenticate": `Bearer realm="${auth.origin}/token",service="reg"` },
});
const token = (body: Record<string, unknown>, headers = {}): Reply => ({
  body: JSON.stringify(body),
  headers,
});

function openWith(resolve: (refused?: Credential) => Credential, now?: () => Date) {
  const registries = loopbackRegistries({
    credentials: { resolve: async (_reference, _host, refused) => resolve(refused) },
    ...(now === undefined ? {} : { now }),
  });
  opened.push(registries);
  return async () => [...tagsOf(await registries.open(registry.host, "env:ANY").listTags("app", never))];
}
const forms = () =>
  auth.received
    .filter(({ method }) => method === "POST")
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body.toString())));

describe("a token service that knows OAuth 2 alone", () => {
  it.each([404, 405, 501])("that says %i to a GET is asked by POST, from then on at once", async (status) => {
    registry.expect(tags, challenge(), found, found);
    auth.expect(get, { status });
    auth.expect(post, token({ access_token: "a", expires_in: -1 }), token({ access_token: "b" }));
    const list = openWith(() => old);
    expect(await list()).toEqual(["a"]);
    await list();
    const form = {
      grant_type: "password",
      client_id: "wharfgate",
      access_type: "online",
      service: "reg",
      scope: "repository:app:pull",
      username: "robot",
      password: "old-s3cret",
    };
    expect(forms()).toEqual([form, form]);
    expect(registry.received.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer a",
      "Bearer b",
    ]);
  });

  it("takes a refresh token by POST, and only there", async () => {
    registry.expect(tags, challenge(), found);
    auth.expect(post, token({ access_token: "a" }));
    expect(
      await openWith(() => ({ username: "", password: "old-s3cret", grant: "refresh_token" }))(),
    ).toEqual(["a"]);
    expect(forms()).toEqual([
      {
        grant_type: "refresh_token",
        client_id: "wharfgate",
        access_type: "online",
        service: "reg",
        scope: "repository:app:pull",
        refresh_token: "old-s3cret",
      },
    ]);
    expect(sightings(auth, "old-s3cret")).toEqual(["POST /token: body"]);
  });

  it("is not asked by POST without a credential", async () => {
    registry.expect(tags, challenge());
    auth.expect(get, { status: 404 });
    const registries = loopbackRegistries();
    opened.push(registries);
    await failureOf(() => registries.open(registry.host).listTags("app", never), "not-found");
  });

  it("is not sent a refresh token by a challenge for a login", async () => {
    registry.expect(tags, { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } });
    const list = openWith(() => ({ username: "", password: "old-s3cret", grant: "refresh_token" }));
    const { message } = await failureOf(list, "unauthorized");
    expect(message).toContain("not for an identity token");
  });
});

describe("a credential that was rotated", () => {
  it("is read anew when the token service refuses it", async () => {
    const asked: (Credential | undefined)[] = [];
    registry.expect(tags, challenge(), found);
    auth.expect(get, { status: 401 }, token({ token: "t" }));
    const list = openWith((refused) => {
      asked.push(refused);
      return refused === undefined ? old : present;
    });
    expect(await list()).toEqual(["a"]);
    expect(asked).toEqual([undefined, old]);
    const sent = auth.received.map(({ headers }) =>
      Buffer.from(headers.authorization?.slice(6) ?? "", "base64").toString(),
    );
    expect(sent).toEqual(["robot:old-s3cret", "robot:new-s3cret"]);
  });

  it("is not tried again when it is the same", async () => {
    registry.expect(tags, challenge());
    auth.expect(get, { status: 401 });
    await failureOf(
      openWith(() => old),
      "unauthorized",
    );
  });

  it("is read anew when the registry itself refuses it", async () => {
    const basic: Reply = { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
    const sent: unknown[] = [];
    const asked: (Credential | undefined)[] = [];
    const noting = (reply: Reply) => (request: Received) => {
      sent.push(Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64").toString());
      delete request.headers.authorization;
      return reply;
    };
    registry.expect(tags, noting(basic), noting(found), noting(basic), noting(found));
    const list = openWith((refused) => {
      asked.push(refused);
      return refused === undefined ? old : present;
    });
    await list();
    await list();
    expect(asked).toEqual([undefined, old]);
    expect(sent).toEqual(["", "robot:old-s3cret", "robot:old-s3cret", "robot:new-s3cret"]);
  });
});

describe("the life of a token", () => {
  const served = new Date("2026-01-01T00:10:00Z");
  const date = { date: served.toUTCString() };
  it.each([
    { name: "is a minute when nobody says", body: {}, lasts: 50, not: 60 },
    { name: "is a minute when it is null", body: { expires_in: null }, lasts: 50, not: 60 },
    { name: "is what the service says", body: { expires_in: 300 }, lasts: 260, not: 300 },
    { name: "is what the service says as text", body: { expires_in: "300" }, lasts: 260, not: 300 },
    {
      name: "counts from when it was issued",
      body: { expires_in: 300, issued_at: "2026-01-01T00:06:40Z" },
      lasts: 80,
      not: 100,
    },
    {
      name: "does not count from an impossible time",
      body: { expires_in: 300, issued_at: "2020-01-01T00:00:00Z" },
      lasts: 260,
      not: 300,
    },
    {
      name: "does not count from a time to come",
      body: { expires_in: 300, issued_at: "2027-01-01T00:00:00Z" },
      lasts: 260,
      not: 300,
    },
    { name: "does not count from nonsense", body: { expires_in: 300, issued_at: 7 }, lasts: 260, not: 300 },
  ])("$name", async ({ body, lasts, not }) => {
    let seconds = 0;
    const list = openWith(
      () => old,
      () => new Date(seconds * 1000),
    );
    registry.expect(tags, challenge(), found, found, found);
    auth.expect(get, token({ token: "one", ...body }, date), token({ token: "two" }));
    await list();
    seconds = lasts;
    await list();
    seconds = not;
    await list();
    expect(registry.received.map(({ headers }) => headers.authorization).slice(1)).toEqual([
      "Bearer one",
      "Bearer one",
      "Bearer two",
    ]);
  });
});
