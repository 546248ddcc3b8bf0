import { describe, expect, it } from "vitest";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { makeCertificate, makeExpiredCertificate } from "../support/certificate.ts";
import { failureOf } from "../support/failures.ts";
import { startRawServer } from "../support/raw-server.ts";
import { loopbackRegistries, user } from "../support/registries.ts";
import { carries, startScriptedServer } from "../support/scripted-server.ts";
import { tagPage, tagsFrom, tagsRequest } from "./hostile.ts";

const name = "registry.example";
const good = await makeCertificate(name);
const wrongName = await makeCertificate("elsewhere.example");
const expired = await makeExpiredCertificate(name);

/** Over https, with a credential; any name leads to loopback. */
function registriesFor(port: number, ca?: string) {
  return loopbackRegistries({
    rules: parseHostRules(`${name}:${port}=127.0.0.0/8`),
    resolve: async () => ["127.0.0.1"],
    ...(ca === undefined ? {} : { ca }),
  });
}

describe("case 42: bad TLS", () => {
  it.each([
    ["self-signed", good, undefined],
    ["of another name", wrongName, wrongName.cert],
    ["expired", expired, expired.cert],
    ["of another authority", good, wrongName.cert],
  ] as const)(
    "with a certificate that is %s is refused before any request",
    async (_name, certificate, ca) => {
      const server = await startScriptedServer(certificate);
      const registries = registriesFor(server.port, ca);
      const client = registries.open(`${name}:${server.port}`, "env:ROBOT");
      const failure = await failureOf(() => tagsFrom(client), "blocked");
      expect(failure.message).toContain("certificate is not trusted");
      expect(server.received).toEqual([]);
      await registries.close();
      await server.finish();
    },
  );

  it("by nobody who speaks it is refused, and nothing is said in plain text", async () => {
    const plain = await startRawServer((socket) =>
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    );
    const answering = await startScriptedServer();
    answering.always(tagsRequest, tagPage(["a"]));
    for (const port of [plain.port, answering.port]) {
      const registries = registriesFor(port);
      const client = registries.open(`${name}:${port}`, "env:ROBOT");
      const { code } = await tagsFrom(client, AbortSignal.timeout(2000)).then(
        () => ({ code: "none" }),
        (error: { code: string }) => error,
      );
      expect(["protocol", "timeout", "network"]).toContain(code);
      await registries.close();
    }
    expect([answering.received, carries(plain.received(), user.password)]).toEqual([[], false]);
    expect(plain.received()).not.toContain("HTTP");
    expect(plain.received().charCodeAt(0)).toBe(0x16);
    await Promise.all([plain.close(), answering.finish()]);
  });

  it("is not reached by a plain address either: a Link and a redirect to http are refused", async () => {
    const server = await startScriptedServer(good);
    const plain = await startScriptedServer();
    const registries = registriesFor(server.port, good.cert);
    const client = registries.open(`${name}:${server.port}`, "env:ROBOT");
    server.expect(tagsRequest, tagPage(["a"], `http://${name}:${plain.port}/v2/app/tags/list`), {
      status: 302,
      headers: { location: `http://${name}:${plain.port}/v2/app/tags/list` },
    });
    await failureOf(() => tagsFrom(client), "blocked");
    await failureOf(() => tagsFrom(client), "blocked");
    expect(plain.connections).toBe(0);
    await registries.close();
    await Promise.all([server.finish(), plain.finish()]);
  });

  it("leads no token over plain http: a realm there is refused (case 39)", async () => {
    const server = await startScriptedServer(good);
    const plain = await startScriptedServer();
    const registries = registriesFor(server.port, good.cert);
    server.expect(tagsRequest, {
      status: 401,
      headers: { "www-authenticate": `Bearer realm="http://${name}:${plain.port}/token"` },
    });
    await failureOf(() => tagsFrom(registries.open(`${name}:${server.port}`, "env:ROBOT")), "blocked");
    expect(plain.connections).toBe(0);
    await registries.close();
    await Promise.all([server.finish(), plain.finish()]);
  });
});
