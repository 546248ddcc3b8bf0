import { Agent } from "node:https";
import { createDefaultHttpClient, type HttpClient } from "@azure/core-rest-pipeline";
import { makeCertificate } from "./certificate.ts";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.ts";

/**
 * Key Vault's data plane for one secret on a TLS socket, under a name of its own: challenges whoever has no token, as the
 * service does. https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
 */
export interface VaultStandIn {
  readonly server: ScriptedServer;
  /** `https://ops.vault.example:<port>` */
  readonly origin: string;
  /** The SDK's way of sending, with the name led to loopback and the certificate trusted. */
  readonly httpClient: HttpClient;
  stop(): Promise<void>;
}

export const vaultPath = "/secrets/hub/?api%2Dversion=2026-04-01";

export async function startVaultStandIn(): Promise<VaultStandIn> {
  const certificate = await makeCertificate("ops.vault.example", "elsewhere.example");
  const server = await startScriptedServer(certificate);
  const agent = new Agent({
    ca: certificate.cert,
    lookup: (_hostname, options, callback) => {
      if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
      else callback(null, "127.0.0.1", 4);
    },
  });
  const inner = createDefaultHttpClient();
  return {
    server,
    origin: `https://ops.vault.example:${server.port}`,
    httpClient: {
      sendRequest(request) {
        request.agent = agent;
        return inner.sendRequest(request);
      },
    },
    async stop() {
      agent.destroy();
      await server.finish();
    },
  };
}
