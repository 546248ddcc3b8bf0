import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AnsweredRequest, startRegistry } from "../../../local/registry/registry.ts";
import { digestOf } from "../../../shared/model/digest.ts";
import { basic, post, type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { createOciClient, errorCode } from "../../support/oci-client.ts";

const blob = digestOf("x");
const admin = { username: "admin", password: "local" };
const refreshTokenUser = "00000000-0000-0000-0000-000000000000";

describe("basic access", () => {
  let registry: RegistryUnderTest;
  beforeAll(async () => {
    registry = await startRegistryUnderTest({ kind: "basic", ...admin });
  });
  afterAll(() => registry.close());

  it.each([
    ["no header", undefined],
    ["another password", basic({ ...admin, password: "guess" })],
    ["another user", basic({ ...admin, username: "root" })],
    ["no colon", `Basic ${Buffer.from("admin").toString("base64")}`],
    ["no base64", "Basic ä"],
    ["another scheme", "Bearer abc"],
  ])("challenges %s", async (_name, header) => {
    for (const [method, path] of [
      ["GET", "/v2/"],
      ["GET", "/v2/a/manifests/x"],
      ["POST", "/v2/a/blobs/uploads/"],
    ] as const) {
      const response = await createOciClient(registry.origin, () => header && encodeURI(header)).send(
        method,
        path,
      );
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
      expect(await errorCode(response)).toBe("UNAUTHORIZED");
    }
  });
});

describe("access as Azure Container Registry's", () => {
  let registry: RegistryUnderTest;
  let token: string;
  beforeAll(async () => {
    registry = await startRegistryUnderTest({
      kind: "acr",
      admin,
      acceptsEntraToken: async (text) => text === "entra",
    });
    token = `${registry.origin}/oauth2/token`;
    await registry.client.pushImage("suite/one", "1.0");
  });
  afterAll(() => registry.close());

  const send = (method: string, path: string, bearer?: string) =>
    createOciClient(registry.origin, () => bearer && `Bearer ${bearer}`).send(method, path);

  async function exchange(accessToken: string, changed: Record<string, string> = {}): Promise<Response> {
    const form = {
      grant_type: "access_token",
      service: registry.host,
      access_token: accessToken,
      ...changed,
    };
    return fetch(`${registry.origin}/oauth2/exchange`, { method: "POST", body: new URLSearchParams(form) });
  }

  async function refreshToken(): Promise<string> {
    return ((await (await exchange("entra", { tenant: "t" })).json()) as { refresh_token: string })
      .refresh_token;
  }

  async function bearerFor(scope: string): Promise<string> {
    const form = {
      grant_type: "refresh_token",
      service: registry.host,
      scope,
      refresh_token: await refreshToken(),
    };
    return (await post(token, form)).access_token ?? "";
  }

  it("says where tokens come from and for what", async () => {
    const ping = await send("GET", "/v2/");
    expect(ping.status).toBe(401);
    expect(ping.headers.get("www-authenticate")).toBe(`Bearer realm="${token}",service="${registry.host}"`);
    const pull = await send("GET", "/v2/suite/one/manifests/1.0");
    expect(pull.headers.get("www-authenticate")).toBe(
      `Bearer realm="${token}",service="${registry.host}",scope="repository:suite/one:pull"`,
    );
    const push = await send("POST", "/v2/suite/one/blobs/uploads/");
    expect(push.headers.get("www-authenticate")).toContain('scope="repository:suite/one:pull,push"');
    const catalog = await send("GET", "/v2/_catalog");
    expect(catalog.headers.get("www-authenticate")).toContain('scope="registry:catalog:*"');
  });

  it("takes an Entra token through to a push", async () => {
    const bearer = await bearerFor("repository:suite/one:pull,push");
    expect((await send("GET", "/v2/", bearer)).status).toBe(200);
    expect((await send("HEAD", "/v2/suite/one/manifests/1.0", bearer)).status).toBe(200);
    expect((await send("POST", "/v2/suite/one/blobs/uploads/", bearer)).status).toBe(202);
  });

  it.each([
    ["another repository", "repository:suite/two:pull,push,delete", "GET", "/v2/suite/one/manifests/1.0"],
    ["a repository that begins alike", "repository:suite:pull", "GET", "/v2/suite/one/manifests/1.0"],
    ["pull, for a push", "repository:suite/one:pull", "POST", "/v2/suite/one/blobs/uploads/"],
    ["push, for a delete", "repository:suite/one:pull,push", "DELETE", `/v2/suite/one/blobs/${blob}`],
    ["a repository, for the catalog", "repository:suite/one:*", "GET", "/v2/_catalog"],
    ["nothing", "", "GET", "/v2/suite/one/manifests/1.0"],
    ["a scope that nobody can read", "repository:../..:pull,push", "POST", "/v2/suite/one/blobs/uploads/"],
  ])("keeps a token to its scope: %s", async (_name, scope, method, path) => {
    const response = await send(method, path, await bearerFor(scope));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
  });

  it("gives one token for several repositories, asked for in one parameter or in many", async () => {
    const both = ["repository:suite/one:pull", "repository:suite/two:pull"];
    const query = new URLSearchParams({ service: registry.host });
    for (const scope of both) query.append("scope", scope);
    const one = await bearerFor(both.join(" "));
    const many = ((await (await fetch(`${token}?${query}`)).json()) as { access_token: string }).access_token;
    for (const bearer of [one, many]) {
      expect((await send("HEAD", "/v2/suite/one/manifests/1.0", bearer)).status).toBe(200);
      expect((await send("HEAD", "/v2/suite/two/manifests/1.0", bearer)).status).toBe(404);
    }
  });

  it("lets anybody pull and nobody push", async () => {
    const query = new URLSearchParams({
      service: registry.host,
      scope: "repository:suite/one:pull,push,delete",
    });
    const { access_token: bearer } = (await (await fetch(`${token}?${query}`)).json()) as {
      access_token: string;
    };
    expect((await send("HEAD", "/v2/suite/one/manifests/1.0", bearer)).status).toBe(200);
    expect((await send("POST", "/v2/suite/one/blobs/uploads/", bearer)).status).toBe(401);
    expect((await send("DELETE", "/v2/suite/one/manifests/1.0", bearer)).status).toBe(401);
  });

  it("mounts only from what the caller may pull", async () => {
    const { digest } = await registry.client.pushBlob("suite/two", "not for all");
    const mount = `/v2/suite/one/blobs/uploads/?mount=${digest}&from=suite/two`;
    const onlyOne = await bearerFor("repository:suite/one:pull,push");
    expect((await send("POST", mount, onlyOne)).status).toBe(202);
    const both = await bearerFor("repository:suite/one:pull,push repository:suite/two:pull");
    expect((await send("POST", mount, both)).status).toBe(201);
  });

  it.each([
    ["the admin user", () => Promise.resolve(admin)],
    ["a refresh token", async () => ({ username: refreshTokenUser, password: await refreshToken() })],
  ])("gives tokens to %s, by GET and by POST", async (_name, credential) => {
    const { username, password } = await credential();
    const scope = "repository:suite/one:push";
    const query = new URLSearchParams({ service: registry.host, scope });
    const got = await fetch(`${token}?${query}`, {
      headers: { authorization: basic({ username, password }) },
    });
    const posted = await post(token, {
      grant_type: "password",
      service: registry.host,
      scope,
      username,
      password,
    });
    for (const { access_token } of [(await got.json()) as Record<string, string>, posted]) {
      expect((await send("POST", "/v2/suite/one/blobs/uploads/", access_token)).status).toBe(202);
    }
  });

  it("takes the admin user without a token", async () => {
    const client = createOciClient(registry.origin, () => basic(admin));
    expect((await client.send("POST", "/v2/any/blobs/uploads/")).status).toBe(202);
  });

  it.each([
    ["a refused Entra token", () => exchange("other"), 401],
    ["a refresh token where an Entra token belongs", async () => exchange(await refreshToken()), 401],
    ["no token", () => exchange(""), 400],
    ["another grant", () => exchange("entra", { grant_type: "password" }), 400],
    [
      "an access token where a refresh token belongs",
      async () => postRaw({ refresh_token: await bearerFor("repository:suite/one:pull") }),
      401,
    ],
    ["a refresh token that is made up", () => postRaw({ refresh_token: "a.b.c" }), 401],
    ["a wrong password", () => postRaw({ grant_type: "password", ...admin, password: "guess" }), 401],
    [
      "a wrong password by GET",
      () =>
        fetch(`${token}?service=${registry.host}`, {
          headers: { authorization: basic({ ...admin, password: "guess" }) },
        }),
      401,
    ],
    ["JSON in place of a form", () => fetch(token, { method: "POST", body: "{}" }), 415],
    ["a form without end", () => postRaw({ refresh_token: "x".repeat(70_000) }), 413],
    ["another method", () => fetch(token, { method: "DELETE" }), 405],
  ])("gives no token for %s", async (_name, ask, status) => {
    const response = await ask();
    expect(response.status).toBe(status);
    expect(await errorCode(response)).toBeTypeOf("string");
  });

  function postRaw(changed: Record<string, string>): Promise<Response> {
    const form = { grant_type: "refresh_token", service: registry.host, scope: "", ...changed };
    return fetch(token, { method: "POST", body: new URLSearchParams(form) });
  }

  it.each([
    ["a refresh token", () => refreshToken()],
    ["a token with another signature", async () => `${await bearerFor("repository:suite/one:pull")}x`],
    [
      "a token whose scope was changed",
      async () => {
        const [head, body = "", signature] = (await bearerFor("repository:suite/two:pull")).split(".");
        const claims = Buffer.from(body, "base64url").toString().replace("suite/two", "suite/one");
        return [head, Buffer.from(claims).toString("base64url"), signature].join(".");
      },
    ],
    [
      "an unsigned token",
      async () => {
        const [, body] = (await bearerFor("repository:suite/one:pull")).split(".");
        return `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${body}.`;
      },
    ],
  ])("refuses %s", async (_name, make) => {
    const response = await send("GET", "/v2/suite/one/manifests/1.0", await make());
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });
});

describe("a read-only registry", () => {
  it("gives, takes nothing, and tells of each request", async () => {
    const seen: AnsweredRequest[] = [];
    const under = await startRegistryUnderTest({ kind: "anonymous" });
    await under.client.pushImage("suite/one", "1.0");
    const registry = await startRegistry({
      root: under.root,
      access: { kind: "anonymous" },
      mode: "read-only",
      onRequest: (request) => seen.push(request),
    });
    const client = createOciClient(registry.origin);
    const sent = [
      ["HEAD", "/v2/suite/one/manifests/1.0", 200],
      ["GET", "/v2/suite/one/tags/list?n=5", 200],
      ["PUT", "/v2/suite/one/manifests/1.0", 405],
      ["DELETE", "/v2/suite/one/manifests/1.0", 405],
      ["POST", "/v2/suite/one/blobs/uploads/", 405],
    ] as const;
    for (const [method, path, status] of sent) expect((await client.send(method, path)).status).toBe(status);
    await expect.poll(() => seen).toEqual(sent.map(([method, url, status]) => ({ method, url, status })));
    await registry.close();
    await under.close();
  });
});
