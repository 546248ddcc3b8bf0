import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startLoopbackServer } from "./loopback-server.ts";

/**
 * A managed identity as App Service and Functions offer it: the environment of the app points at it, and
 * @azure/identity takes its tokens unchanged. Tokens hold for one run of this server only.
 * Source: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export interface IdentityServer {
  /** What the app must find in its environment. */
  readonly environment: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string };
  /**
   * Whether this server issued `token` for `audience` (an origin, `https://127.0.0.1:5443`) and it has not
   * expired.
   */
  accepts(token: string, audience: string): boolean;
  close(): Promise<void>;
}

export interface IdentityOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Client id of the user-assigned identity that may be asked for; any when absent. */
  readonly clientId?: string;
}

const apiVersion = "2019-08-01";
const lifetimeSeconds = 3600;

export async function startIdentity({ port = 0, clientId }: IdentityOptions = {}): Promise<IdentityServer> {
  const header = randomBytes(24).toString("hex");
  const tokens = createTokens();
  const server = await startLoopbackServer({
    port,
    handler(request, response) {
      const refusal = refusalOf(request, { header, clientId });
      if (refusal !== undefined) return answer(response, refusal.status, refusal.body);
      const resource = queryOf(request).get("resource") ?? "";
      const expiresOn = Math.floor(Date.now() / 1000) + lifetimeSeconds;
      answer(response, 200, {
        access_token: tokens.issue(resource, expiresOn),
        expires_on: String(expiresOn),
        resource,
        token_type: "Bearer",
        ...(clientId === undefined ? {} : { client_id: clientId }),
      });
    },
  });
  return {
    environment: { IDENTITY_ENDPOINT: `${server.origin}/msi/token`, IDENTITY_HEADER: header },
    accepts: tokens.accepts,
    close: server.close,
  };
}

interface Refusal {
  readonly status: number;
  readonly body: object;
}

function refusalOf(
  request: IncomingMessage,
  expected: { readonly header: string; readonly clientId: string | undefined },
): Refusal | undefined {
  const query = queryOf(request);
  if (request.method !== "GET" || pathOf(request) !== "/msi/token") return refuse(404, "no such endpoint");
  if (request.headers["x-identity-header"] !== expected.header) {
    return refuse(401, "the header X-IDENTITY-HEADER is not the one of this app");
  }
  if (query.get("api-version") !== apiVersion) return refuse(400, `api-version must be ${apiVersion}`);
  if (query.get("resource") === null) return refuse(400, "the query parameter resource is missing");
  const asked = query.get("client_id");
  if (asked !== null && expected.clientId !== undefined && asked !== expected.clientId) {
    return refuse(400, "no identity with that client_id is assigned to this app");
  }
  return undefined;
}

function refuse(status: number, message: string): Refusal {
  return { status, body: { statusCode: status, message } };
}

function createTokens() {
  const key = randomBytes(32);
  const sign = (claims: string) => createHmac("sha256", key).update(claims).digest();
  return {
    issue(audience: string, expiresOn: number): string {
      const claims = Buffer.from(JSON.stringify({ aud: withoutSlash(audience), exp: expiresOn })).toString(
        "base64url",
      );
      return `${claims}.${sign(claims).toString("base64url")}`;
    },
    accepts(token: string, audience: string): boolean {
      const [claims = "", signature = ""] = token.split(".");
      const expected = sign(claims);
      const given = Buffer.from(signature, "base64url");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
      const { aud, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
        aud: string;
        exp: number;
      };
      return aud === withoutSlash(audience) && exp * 1000 > Date.now();
    },
  };
}

function withoutSlash(audience: string): string {
  return audience.replace(/\/+$/, "");
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?")[0] ?? "/";
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? "").split("?")[1] ?? "");
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}
