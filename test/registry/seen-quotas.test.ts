import { expect, it } from "vitest";
import { createSeenQuotas } from "../../shared/registry/seen-quotas.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { startScriptedServer } from "../support/scripted-server.ts";

it.each([
  ["an answer", 200],
  ["a refusal", 429],
])("the quota that %s tells of reaches who asks for its host, and nothing else of it", async (_, status) => {
  const server = await startScriptedServer();
  const quotas = createSeenQuotas();
  const registries = loopbackRegistries({ quotas });
  const headers = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "7;w=21600", "x-secret": "s" };
  server.expect("GET /v2/app/tags/list?n=1000", { status, headers, body: '{"tags":["1"]}' });
  const before = quotas.mark(server.host);
  const list = () => registries.open(server.host).listTags("app", never);
  if (status === 200) await list();
  else {
    const { context } = await failureOf(list, "rate-limited");
    expect(context).toMatchObject({ registry: server.host });
  }
  const seen = { limit: 100, remaining: 7, resetMs: 21_600_000 };
  expect(quotas.since(server.host, before)).toEqual(seen);
  expect(quotas.since(server.host, quotas.mark(server.host))).toBeUndefined();
  expect(quotas.since("docker.io", 0)).toBeUndefined();
  await registries.close();
  await server.finish();
});

it("a host that another one redirects to speaks for itself alone", async () => {
  const [server, elsewhere] = await Promise.all([startScriptedServer(), startScriptedServer()]);
  const quotas = createSeenQuotas();
  const registries = loopbackRegistries({ quotas });
  server.expect("GET /v2/app/tags/list?n=1000", {
    status: 307,
    headers: { location: `${elsewhere.origin}/list` },
  });
  elsewhere.expect("GET /list", {
    headers: { "ratelimit-limit": "100", "ratelimit-remaining": "0" },
    body: '{"tags":["1"]}',
  });
  await registries.open(server.host).listTags("app", never);
  expect(quotas.mark(server.host)).toBe(0);
  await registries.close();
  await Promise.all([server.finish(), elsewhere.finish()]);
});
