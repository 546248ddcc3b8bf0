import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../body.ts";
import { OciError } from "../oci-error.ts";
import type { AcrAccessOptions } from "./access.ts";
import { type BasicCredential, isSame, parseBasic } from "./basic.ts";
import { type Grant, onlyPull, parseScopes } from "./scope.ts";
import type { Tokens } from "./token.ts";

type Endpoint = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

const refreshSeconds = 3 * 60 * 60;
const accessSeconds = 75 * 60;
const maxFormBytes = 64 * 1024;
/** The user name that stands for "the password is a refresh token", as `az acr login --expose-token` prints it. */
const refreshTokenUser = "00000000-0000-0000-0000-000000000000";

/** POST /oauth2/exchange, POST /oauth2/token and GET /oauth2/token; false for other paths. */
export function createAcrTokenEndpoints(options: AcrAccessOptions, tokens: Tokens): Endpoint {
  return async (request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const key = `${request.method} ${path}`;
    if (path !== "/oauth2/token" && path !== "/oauth2/exchange") return false;
    if (key === "GET /oauth2/token") {
      const parameters = new URLSearchParams(query);
      sendToken(response, "access_token", accessToken(request.headers.authorization, parameters));
    } else if (key === "POST /oauth2/token") {
      sendToken(response, "access_token", tradeForAccess(await readForm(request)));
    } else if (key === "POST /oauth2/exchange") {
      sendToken(response, "refresh_token", await exchange(await readForm(request)));
    } else {
      throw new OciError(405, "UNSUPPORTED", `${request.method} is not for ${path}`);
    }
    return true;
  };

  async function exchange(form: URLSearchParams): Promise<string> {
    const token = required(form, "access_token");
    required(form, "service");
    if (required(form, "grant_type") !== "access_token") throw badGrant("access_token");
    if (await options.acceptsEntraToken(token)) return tokens.issue({ use: "refresh" }, refreshSeconds);
    throw unauthorized("the Entra access token is not accepted here");
  }

  function tradeForAccess(form: URLSearchParams): string {
    required(form, "service");
    const grantType = required(form, "grant_type");
    if (grantType !== "refresh_token" && grantType !== "password") {
      throw badGrant("refresh_token or password");
    }
    const caller =
      grantType === "password"
        ? { username: required(form, "username"), password: required(form, "password") }
        : { username: refreshTokenUser, password: required(form, "refresh_token") };
    if (!isKnown(caller)) throw unauthorized("the credential is not accepted here");
    return issueAccess(parseScopes(form.getAll("scope")));
  }

  function accessToken(authorization: string | undefined, parameters: URLSearchParams): string {
    required(parameters, "service");
    const grants = parseScopes(parameters.getAll("scope"));
    if (authorization === undefined) return issueAccess(onlyPull(grants));
    if (!isKnown(parseBasic(authorization))) throw unauthorized("the credential is not accepted here");
    return issueAccess(grants);
  }

  function isKnown(caller: BasicCredential | undefined): boolean {
    if (caller?.username === refreshTokenUser) return tokens.verify(caller.password)?.use === "refresh";
    return options.admin !== undefined && isSame(caller, options.admin);
  }

  function issueAccess(access: readonly Grant[]): string {
    return tokens.issue({ use: "access", access }, accessSeconds);
  }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.headers["content-type"]?.split(";")[0]?.trim() !== "application/x-www-form-urlencoded") {
    throw new OciError(415, "UNSUPPORTED", "expected application/x-www-form-urlencoded");
  }
  return new URLSearchParams(Buffer.from(await readBody(request, maxFormBytes)).toString("utf8"));
}

function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value === null || value === "")
    throw new OciError(400, "UNSUPPORTED", `the parameter ${name} is missing`);
  return value;
}

function badGrant(known: string): OciError {
  return new OciError(400, "UNSUPPORTED", `grant_type must be ${known} here`);
}

function unauthorized(message: string): OciError {
  return new OciError(401, "UNAUTHORIZED", message);
}

function sendToken(response: ServerResponse, name: "access_token" | "refresh_token", token: string): void {
  response
    .writeHead(200, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" })
    .end(JSON.stringify({ [name]: token }));
}
