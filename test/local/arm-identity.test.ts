import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IdentityServer, startIdentity } from "../../local/identity.ts";
import { createCredential } from "../../shared/azure/identity.ts";

const audience = "https://127.0.0.1:5443";
const clientId = "11111111-2222-3333-4444-555555555555";
let identity: IdentityServer;

beforeAll(async () => {
  identity = await startIdentity({ clientId });
  // What the app's process finds in its environment; this file is a process of its own.
  Object.assign(process.env, identity.environment);
});
afterAll(() => identity.close());

async function ask(query: string, header = identity.environment.IDENTITY_HEADER): Promise<Response> {
  return fetch(`${identity.environment.IDENTITY_ENDPOINT}${query}`, {
    headers: { "x-identity-header": header },
  });
}

describe("startIdentity", () => {
  it.each([
    ["the system's identity", {}],
    ["a user-assigned one", { clientId }],
  ])("gives the real identity library a token that is accepted: %s", async (_name, options) => {
    const credential = createCredential({ source: "managed-identity", ...options });
    const given = await credential.getToken(`${audience}/.default`);
    expect(identity.accepts(given?.token ?? "", audience)).toBe(true);
    expect(given?.expiresOnTimestamp).toBeGreaterThan(Date.now());
  });

  it("answers in App Service's shape", async () => {
    const body = await (await ask(`?api-version=2019-08-01&resource=${audience}`)).json();
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_on: expect.stringMatching(/^\d+$/),
      resource: audience,
      token_type: "Bearer",
      client_id: clientId,
    });
  });

  it("accepts a token for its audience only, with or without a slash", async () => {
    const { access_token: token } = (await (
      await ask(`?api-version=2019-08-01&resource=${audience}/`)
    ).json()) as {
      access_token: string;
    };
    expect(identity.accepts(token, audience)).toBe(true);
    expect(identity.accepts(token, "https://127.0.0.1:5444")).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["no signature", Buffer.from(JSON.stringify({ aud: audience, exp: 9e9 })).toString("base64url")],
    [
      "a signature of nothing",
      `${Buffer.from(JSON.stringify({ aud: audience, exp: 9e9 })).toString("base64url")}.AAAA`,
    ],
  ])("accepts no token of %s", (_name, token) => {
    expect(identity.accepts(token, audience)).toBe(false);
  });

  it.each([
    ["a wrong header", `?api-version=2019-08-01&resource=${audience}`, "wrong", 401],
    ["another api-version", `?api-version=2017-09-01&resource=${audience}`, undefined, 400],
    ["no resource", "?api-version=2019-08-01", undefined, 400],
    [
      "a client id that is not assigned",
      `?api-version=2019-08-01&resource=${audience}&client_id=0`,
      undefined,
      400,
    ],
    ["another path", "/x?api-version=2019-08-01", undefined, 404],
  ])("refuses %s", async (_name, query, header, status) => {
    expect((await ask(query, header)).status).toBe(status);
  });
});
