import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import {
  type Reply,
  type ScriptedServer,
  sightings,
  startScriptedServer,
} from "../support/scripted-server.ts";

const tags = "GET /v2/app/tags/list?n=1000";
const found: Reply = { body: '{"tags":["a"]}' };
const basic = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}`;
const token = (value: string, more: Record<string, unknown> = {}): Reply => ({
  body: JSON.stringify({ token: value, ...more }),
});

let registry: ScriptedServer;
let auth: ScriptedServer;
let registries: ClosableRegistries;
beforeEach(async () => {
  registry = await startScriptedServer();
  auth = await startScriptedServer();
  registries = loopbackRegistries({
    entra: { hosts: [registry.host], getToken: async () => "entra-token" },
  });
});
afterEach(async () => {
  await registries.close();
  await registry.finish();
  await auth.finish();
});

const challenge = (header: string): Reply => ({ status: 401, headers: { "www-authenticate": header } });
const bearer = (scope = "repository:app:pull") =>
  challenge(`Bearer realm="${auth.origin}/token",service="reg",scope="${scope}"`);
const ask = "GET /token?service=reg&scope=repository%3Aapp%3Apull";
const list = async (credential?: string, repository = "app") => [
  ...tagsOf(await registries.open(registry.host, credential).listTags(repository, never)),
];
const authorizations = (server: ScriptedServer) =>
  server.received.map(({ headers }) => headers.authorization);

describe("basic", () => {
  it("answers a challenge, and is remembered", async () => {
    registry.expect(tags, challenge('Basic realm="x"'), found, found);
    await list("env:ROBOT");
    await list("env:ROBOT");
    expect(authorizations(registry)).toEqual([undefined, basic, basic]);
  });

  it("stops after one refusal", async () => {
    registry.expect(tags, challenge('Basic realm="x"'), challenge('Basic realm="x"'));
    await failureOf(() => list("env:ROBOT"), "unauthorized");
  });

  it("is not tried without a credential", async () => {
    registry.expect(tags, challenge('Basic realm="x"'));
    const failure = await failureOf(() => list(), "unauthorized");
    expect(failure.message).toContain("cannot be read without a credential");
  });

  it("fails for a credential that does not exist", async () => {
    registry.expect(tags, challenge('Basic realm="x"'));
    await failureOf(() => list("env:NOBODY"), "unauthorized");
  });
});

describe("bearer", () => {
  it("fetches a token without a credential", async () => {
    registry.expect(tags, bearer(), found);
    auth.expect(ask, token("anonymous"));
    expect(await list()).toEqual(["a"]);
    expect([authorizations(registry), authorizations(auth)]).toEqual([
      [undefined, "Bearer anonymous"],
      [undefined],
    ]);
  });

  it("fetches a token with a credential, which the registry itself never sees", async () => {
    registry.expect(tags, bearer(), found);
    auth.expect(ask, token("mine"));
    await list("env:ROBOT");
    expect(authorizations(auth)).toEqual([basic]);
    expect(sightings(registry, user.password)).toEqual([]);
  });

  it("keeps a token, and asks for the next repository's without a 401 first", async () => {
    registry.expect(tags, bearer(), found, found);
    registry.expect("GET /v2/other/tags/list?n=1000", found);
    auth.expect(ask, token("one", { expires_in: 300 }));
    auth.expect("GET /token?service=reg&scope=repository%3Aother%3Apull", token("two"));
    await list();
    await list();
    await list(undefined, "other");
    expect(authorizations(registry)).toEqual([undefined, "Bearer one", "Bearer one", "Bearer two"]);
  });

  it("takes the other name of a token", async () => {
    registry.expect(tags, bearer(), found);
    auth.expect(ask, { body: '{"access_token":"other"}' });
    await list();
    expect(authorizations(registry)[1]).toBe("Bearer other");
  });

  it("asks for the registry's scope beside its own", async () => {
    registry.expect(tags, bearer("repository:app:metadata_read"), found);
    auth.expect(`${ask}&scope=repository%3Aapp%3Ametadata_read`, token("both"));
    expect(await list()).toEqual(["a"]);
  });

  it("gets one new token when the old one is refused, then stops", async () => {
    registry.expect(tags, bearer(), found, bearer(), found, bearer(), bearer());
    auth.expect(ask, token("one", { expires_in: 300 }), token("two", { expires_in: 300 }), token("three"));
    await list();
    await list();
    expect(authorizations(registry)).toEqual([undefined, "Bearer one", "Bearer one", "Bearer two"]);
    await failureOf(() => list(), "unauthorized");
  });

  it("does not share tokens between credentials", async () => {
    registry.expect(tags, bearer(), found, bearer(), found);
    auth.expect(ask, token("anonymous"), token("mine"));
    await list();
    await list("env:ROBOT");
    expect(authorizations(registry)).toEqual([undefined, "Bearer anonymous", undefined, "Bearer mine"]);
  });

  it.each<[string, Reply, FailureCode]>([
    ["a redirect", { status: 302, headers: { location: "/elsewhere" } }, "blocked"],
    ["401", { status: 401 }, "unauthorized"],
    ["403", { status: 403 }, "forbidden"],
    ["429", { status: 429 }, "rate-limited"],
    ["HTML", { body: "<html>" }, "protocol"],
    ["null", { body: "null" }, "protocol"],
    ["no token", { body: "{}" }, "protocol"],
    ["an empty token", token(""), "protocol"],
    ["a header in the token", token("a\r\nx-evil: 1"), "protocol"],
    ["a token that is no text", { body: '{"token":7}' }, "protocol"],
    ["a token beyond any header", token("x".repeat(30_000)), "protocol"],
    ["an answer beyond all bounds", { body: " ".repeat(300_000) }, "too-large"],
  ])("does not take %s from the token service", async (_name, reply, code) => {
    registry.expect(tags, bearer());
    auth.expect(ask, reply);
    const failure = await failureOf(() => list("env:ROBOT"), code);
    expect(failure.message).not.toContain(user.password);
  });

  it.each<[string, string, FailureCode]>([
    ["a file", "file:///etc/passwd", "blocked"],
    ["a user name", "http://x:y@127.0.0.1:1/token", "blocked"],
    ["the metadata service", "http://169.254.169.254/token", "blocked"],
    ["a stranger over https", "https://evil.example/token", "blocked"],
    ["nothing", "", "protocol"],
  ])("does not send a credential to a realm with %s", async (_name, realm, code) => {
    registry.expect(tags, challenge(`Bearer realm="${realm}",service="x"`));
    await failureOf(() => list("env:ROBOT"), code);
  });

  it.each([
    ["two realms", 'Bearer realm="http://127.0.0.1:1/a",realm="http://127.0.0.1:1/b"', "protocol"],
    ["none at all", "", "unauthorized"],
    ["a scheme that we do not know", "Negotiate", "unauthorized"],
  ] as const)("does not answer a challenge with %s", async (_name, header, code) => {
    registry.expect(tags, challenge(header));
    await failureOf(() => list("env:ROBOT"), code);
  });
});

describe("Entra ID", () => {
  const exchange = "POST /oauth2/exchange";
  const access = "POST /oauth2/token";
  const form = (index: number) =>
    Object.fromEntries(new URLSearchParams(registry.received[index]?.body.toString()));
  const acrChallenge = () =>
    challenge(
      `Bearer realm="${auth.origin}/oauth2/token",service="my.azurecr.io",scope="repository:app:metadata_read"`,
    );

  it("is exchanged at the registry's own origin, whatever the realm", async () => {
    registry.expect(tags, acrChallenge(), found);
    registry.expect(exchange, { body: '{"refresh_token":"refresh"}' });
    registry.expect(access, { body: '{"access_token":"access"}' });
    expect(await list("entra")).toEqual(["a"]);
    expect(form(1)).toEqual({
      grant_type: "access_token",
      service: "my.azurecr.io",
      access_token: "entra-token",
    });
    expect(form(2)).toEqual({
      grant_type: "refresh_token",
      service: "my.azurecr.io",
      scope: "repository:app:pull repository:app:metadata_read",
      refresh_token: "refresh",
    });
    expect(authorizations(registry).at(-1)).toBe("Bearer access");
    expect(auth.received).toEqual([]);
  });

  it("uses one refresh token for several repositories", async () => {
    registry.expect(tags, acrChallenge(), found);
    registry.expect("GET /v2/other/tags/list?n=1000", found);
    registry.expect(exchange, { body: '{"refresh_token":"refresh"}' });
    registry.expect(access, { body: '{"access_token":"one"}' }, { body: '{"access_token":"two"}' });
    await list("entra");
    await list("entra", "other");
    expect(authorizations(registry).at(-1)).toBe("Bearer two");
  });

  it("gets a new refresh token when the old one is refused", async () => {
    registry.expect(tags, acrChallenge(), found);
    registry.expect(exchange, { body: '{"refresh_token":"old"}' }, { body: '{"refresh_token":"new"}' });
    registry.expect(access, { status: 401 }, { body: '{"access_token":"access"}' });
    await failureOf(() => list("entra"), "unauthorized");
    expect(await list("entra")).toEqual(["a"]);
    expect([form(2).refresh_token, form(4).refresh_token]).toEqual(["old", "new"]);
  });

  it("is for the target registry alone", async () => {
    await failureOf(() => registries.open(auth.host, "entra"), "blocked");
  });
});
