import { afterEach, beforeEach, expect, it } from "vitest";
import { createCredentials } from "../../shared/auth/credentials.ts";
import { createKeyVaults, parseKeyVaults } from "../../shared/azure/key-vault.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { type FarHosts, startFarHosts } from "../support/far-hosts.ts";
import { startVaultStandIn, type VaultStandIn, vaultPath } from "../support/key-vault.ts";
import { never } from "../support/registries.ts";
import { type Reply, sightings } from "../support/scripted-server.ts";

let vault: VaultStandIn;
let far: FarHosts;
beforeEach(async () => {
  vault = await startVaultStandIn();
  far = await startFarHosts(["registry-1.docker.io", "auth.docker.io"]);
});
afterEach(async () => {
  await far.finish();
  await vault.stop();
});

const secret = (password: string): Reply => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    value: JSON.stringify({ host: "docker.io", username: "me", password }),
    id: `${vault.origin}/secrets/hub/1`,
    attributes: { enabled: true },
  }),
});

it("a secret that was rotated in the vault is taken up at its first refusal, and stays with its token service", async () => {
  vault.server.expect(
    `GET ${vaultPath}`,
    {
      status: 401,
      headers: {
        "www-authenticate":
          'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.example"',
      },
    },
    secret("old-s3cret"),
    secret("new-s3cret"),
  );
  const challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"';
  far
    .at("registry-1.docker.io")
    .expect(
      "GET /v2/org/app/tags/list?n=1000",
      { status: 401, headers: { "www-authenticate": challenge } },
      { body: '{"tags":["1"]}' },
    );
  let now = 0;
  far.at("auth.docker.io").expect(
    "GET /token?service=registry.docker.io&scope=repository%3Aorg%2Fapp%3Apull",
    () => {
      now = 60_000;
      return { status: 401 };
    },
    { body: '{"token":"t"}' },
  );
  const credentials = createCredentials({
    known: new Map(),
    vaults: createKeyVaults({
      vaults: parseKeyVaults(`ops=${vault.origin}`),
      credential: {
        getToken: async () => ({ token: "entra-token", expiresOnTimestamp: Date.now() + 3_600_000 }),
      },
      httpClient: vault.httpClient,
    }),
    now: () => new Date(now),
  });
  const registry = far.open({ credentials }).open("docker.io", "keyvault:ops/hub");
  expect([...tagsOf(await registry.listTags("org/app", never))]).toEqual(["1"]);
  const ask = "auth.docker.io: GET /token?service=registry.docker.io&scope=repository%3Aorg%2Fapp%3Apull";
  expect(far.seen("old-s3cret")).toEqual([`${ask}: authorization`]);
  expect(far.seen("new-s3cret")).toEqual([`${ask}: authorization`]);
  expect([far.seen("entra-token"), sightings(vault.server, "s3cret")]).toEqual([[], []]);
});
