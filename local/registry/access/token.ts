import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Grant } from "./scope.ts";

/** What one of our tokens says: a refresh token is traded for access tokens, which carry grants. */
export type Claims =
  | { readonly use: "refresh" }
  | { readonly use: "access"; readonly access: readonly Grant[] };

export interface Tokens {
  /** A JSON Web Token, as Azure Container Registry gives them, good for `seconds`. */
  issue(claims: Claims, seconds: number): string;
  /** Undefined when it is not ours, was changed, or is over. */
  verify(token: string): Claims | undefined;
}

const grant = z.object({
  type: z.enum(["repository", "registry"]),
  name: z.string(),
  actions: z.array(z.string()),
});
const payloadShape = z.intersection(
  z.object({ exp: z.number() }),
  z.discriminatedUnion("use", [
    z.object({ use: z.literal("refresh") }),
    z.object({ use: z.literal("access"), access: z.array(grant) }),
  ]),
);
const header = encode({ alg: "HS256", typ: "JWT" });

/** Signs with a key of its own, made anew at each start: no token outlives the process. */
export function createTokens(): Tokens {
  const key = randomBytes(32);
  const sign = (content: string) => createHmac("sha256", key).update(content).digest();
  return {
    issue(claims, seconds) {
      const now = Math.floor(Date.now() / 1000);
      const content = `${header}.${encode({ ...claims, iat: now, exp: now + seconds, jti: randomBytes(8).toString("hex") })}`;
      return `${content}.${sign(content).toString("base64url")}`;
    },
    verify(token) {
      const [head, body, signature, ...rest] = token.split(".");
      if (head !== header || body === undefined || signature === undefined || rest.length > 0)
        return undefined;
      const expected = sign(`${head}.${body}`);
      const given = Buffer.from(signature, "base64url");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const { exp, ...claims } = payloadShape.parse(
        JSON.parse(Buffer.from(body, "base64url").toString("utf8")),
      );
      return exp * 1000 > Date.now() ? claims : undefined;
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
