import { HttpRequest } from "@azure/functions";
import { describe, expect, it } from "vitest";
import { type Role, requireRole, roles } from "../../functions/roles.ts";
import { Failure } from "../../shared/model/failure.ts";

const longClaim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

function asking(principal: string | undefined): HttpRequest {
  const headers = principal === undefined ? {} : { "x-ms-client-principal": principal };
  return new HttpRequest({ method: "GET", url: "https://app.example/api/imports", headers });
}

function signedIn(...claims: readonly unknown[]): string {
  return Buffer.from(JSON.stringify({ auth_typ: "aad", claims })).toString("base64");
}

/** The roles that the caller of `request` may act in. */
function allowed(request: HttpRequest, callers: "named" | "keyed" = "named"): Role[] {
  return roles.filter((role) => {
    try {
      requireRole({ callers }, request, role);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      expect(error).toMatchObject({ code: "blocked" });
      return false;
    }
  });
}

describe("app roles", () => {
  it.each([
    { name: "a reader", principal: signedIn({ typ: "roles", val: "Reader" }), may: ["Reader"] },
    {
      name: "an importer",
      principal: signedIn({ typ: "roles", val: "Importer" }),
      may: ["Reader", "Importer"],
    },
    {
      name: "an approver, by the mapped claim",
      principal: signedIn({ typ: "name", val: "Admin" }, { typ: longClaim, val: "Approver" }),
      may: ["Reader", "Importer", "Approver"],
    },
    {
      name: "an administrator, with a lower role beside it",
      principal: signedIn({ typ: "roles", val: "Reader" }, { typ: "roles", val: "Admin" }),
      may: ["Reader", "Importer", "Approver", "Admin"],
    },
    { name: "somebody without a role", principal: signedIn({ typ: "name", val: "Admin" }), may: [] },
    { name: "a role in other letters", principal: signedIn({ typ: "roles", val: "admin" }), may: [] },
    { name: "nobody", principal: undefined, may: [] },
    { name: "what is not base64 of JSON", principal: "{}", may: [] },
    {
      name: "claims that are no list",
      principal: Buffer.from('{"claims":{"roles":"Admin"}}').toString("base64"),
      may: [],
    },
    { name: "claims that are no claims", principal: signedIn(null, 1, "roles"), may: [] },
    { name: "null", principal: Buffer.from("null").toString("base64"), may: [] },
  ])("of $name allow $may", ({ principal, may }) => {
    expect(allowed(asking(principal))).toEqual(may);
  });

  it("are not asked for where a function key is all that is known of callers", () => {
    expect(allowed(asking(undefined), "keyed")).toEqual(roles);
  });

  it("are named by the refusal", () => {
    const request = asking(signedIn({ typ: "roles", val: "Reader" }, { typ: "roles", val: "Elsewhere" }));
    expect(() => requireRole({ callers: "named" }, request, "Approver")).toThrow(
      "This needs the app role Approver, and you have Reader: have it assigned to you",
    );
    expect(() => requireRole({ callers: "named" }, asking(undefined), "Admin")).toThrow(
      "Sign in first: this needs the app role Admin, and nobody is signed in",
    );
  });
});
