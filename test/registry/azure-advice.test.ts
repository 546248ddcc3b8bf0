import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AcrGrant, type AcrRight, acrGrants, grantAdvice } from "../../shared/azure/acr-rights.ts";
import { type Access, repositoryScope } from "../../shared/registry/authorizer.ts";
import { azureAdvice } from "../../shared/registry/azure-advice.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { imageDigest } from "../local/memory-transfer.ts";
import { allow, builtInRole, registryRoles, rolesWith } from "../support/azure-roles.ts";
import { failureOf } from "../support/failures.ts";
import { type FarHosts, startFarHosts } from "../support/far-hosts.ts";
import { never } from "../support/registries.ts";

const host = "mine.azurecr.io";
const namespace = "Microsoft.ContainerRegistry/registries";

interface Need {
  /** The parameter of infra/main.bicep. */
  readonly feature: string;
  /** What a registry in the mode "RBAC Registry Permissions" asks for. */
  readonly actions: readonly string[];
  /** What one in the mode "RBAC Registry + ABAC Repository Permissions" asks for. */
  readonly dataActions: readonly string[];
}

/**
 * Every access that requests to registries ask for, and what Azure wants for it.
 * https://learn.microsoft.com/azure/role-based-access-control/permissions/containers#microsoftcontainerregistry
 */
const needs: Readonly<Record<Access, Need>> = {
  pull: {
    feature: "always",
    actions: ["pull/read"],
    dataActions: ["repositories/content/read", "repositories/metadata/read"],
  },
  metadata_read: {
    feature: "always",
    actions: ["pull/read"],
    dataActions: ["repositories/metadata/read"],
  },
  "pull,push": {
    feature: "allowPush",
    actions: ["pull/read", "push/write"],
    dataActions: ["repositories/content/read", "repositories/content/write", "repositories/metadata/write"],
  },
  delete: {
    feature: "allowDeletes",
    actions: ["artifacts/delete"],
    dataActions: ["repositories/content/delete", "repositories/metadata/delete"],
  },
  "metadata_write,metadata_read": {
    feature: "allowLocks",
    actions: ["metadata/read", "metadata/write"],
    dataActions: ["repositories/metadata/read", "repositories/metadata/write"],
  },
};
const each = Object.entries(needs).map(([access, need]) => ({ access: access as Access, ...need }));
const adviceOn = (access: Access) => azureAdvice(host, [repositoryScope("app", access)]) ?? "";

function grantNamedBy(advice: string): AcrGrant {
  const found = Object.entries(acrGrants).find(
    ([right]) => grantAdvice(right as AcrRight, "the identity in use") === advice,
  );
  if (found === undefined) throw new Error(`no right has the advice: ${advice}`);
  return found[1];
}

describe("what an Azure registry wants", () => {
  it.each(each)("for $access is what the template assigns with $feature", ({ feature, ...need }) => {
    for (const kind of ["actions", "dataActions"] as const) {
      for (const permission of need[kind].map((name) => `${namespace}/${name}`)) {
        expect([permission, allow(rolesWith(feature), kind, permission)]).toEqual([permission, true]);
      }
    }
  });

  it.each(each)("for $access is what the message's roles allow", ({ access, feature, ...need }) => {
    const { parameter, role, action, abacRole = "" } = grantNamedBy(adviceOn(access));
    expect(parameter ?? "always").toBe(feature);
    // Whoever takes the advice has the roles that every deployment has, too.
    const rbac = [...rolesWith("always"), ...(role === undefined ? [] : [builtInRole(role)])];
    for (const name of action === undefined ? need.actions : [])
      expect([name, allow(rbac, "actions", `${namespace}/${name}`)]).toEqual([name, true]);
    if (action !== undefined) expect(need.actions.map((name) => `${namespace}/${name}`)).toContain(action);
    for (const name of need.dataActions)
      expect([name, allow([builtInRole(abacRole)], "dataActions", `${namespace}/${name}`)]).toEqual([
        name,
        true,
      ]);
  });

  it("beyond what is needed gets no custom role", () => {
    const needed = new Map(
      each.map(({ feature, actions, dataActions }) => [feature, { actions, dataActions }]),
    );
    for (const { feature, name, ...role } of registryRoles.custom) {
      const need = needed.get(feature);
      // Runs are ARM's: test/azure/acr-rights.test.ts.
      if (need === undefined) continue;
      const known = new Set(
        [...need.actions, ...need.dataActions, "metadata/read", "repositories/metadata/read"].map(
          (each) => `${namespace}/${each}`,
        ),
      );
      expect([name, [...role.actions, ...role.dataActions].filter((one) => !known.has(one))]).toEqual([
        name,
        [],
      ]);
    }
  });

  it("for the list of repositories is a role of its own where repositories have permissions", () => {
    const advice = azureAdvice(host, ["registry:catalog:*"]) ?? "";
    expect(advice).toBe(grantAdvice("catalog", "the identity in use"));
    const { role = "", abacRole = "" } = acrGrants.catalog;
    expect(allow([builtInRole(role)], "actions", `${namespace}/pull/read`)).toBe(true);
    expect(allow([builtInRole(abacRole)], "dataActions", `${namespace}/catalog/read`)).toBe(true);
  });

  it("for a mount is the push", () => {
    const scopes = [repositoryScope("a", "pull"), repositoryScope("b", "pull,push")];
    expect(azureAdvice(host, scopes)).toBe(adviceOn("pull,push"));
  });

  it.each([
    ["another registry", "ghcr.io", [repositoryScope("app", "delete")]],
    ["no scope", host, []],
    ["a scope of a property's name", host, ["repository:app:constructor"]],
  ])("is not said of %s", (_name, at, scopes) => {
    expect(azureAdvice(at, scopes)).toBeUndefined();
  });
});

describe("a refusal of an Azure registry", () => {
  let far: FarHosts;
  let registry: Registry;
  const challenge = `Bearer realm="https://${host}/oauth2/token",service="${host}",scope="repository:app:pull"`;
  const refused = { status: 401, headers: { "www-authenticate": challenge } };

  beforeEach(async () => {
    far = await startFarHosts([host]);
    const entra = { hosts: [host], getToken: async () => "entra-token" };
    registry = far.open({ entra }).open(host, "entra");
  });
  afterEach(() => far.finish());

  function signsIn() {
    far.at(host).expect("POST /oauth2/exchange", { body: '{"refresh_token":"refresh"}' });
    far.at(host).always("POST /oauth2/token", { body: '{"access_token":"access"}' });
  }

  it("with 401 names the role, since Azure says no more than that a sign-in is needed", async () => {
    signsIn();
    far.at(host).always(`DELETE /v2/app/manifests/${imageDigest}`, refused);
    const { message } = await failureOf(
      () => registry.deleteManifest("app", imageDigest, never),
      "unauthorized",
    );
    expect(message).toContain(
      'where a right is missing, give the identity in use the role "AcrDelete" on the registry ' +
        '("Container Registry Repository Contributor" where it has repository permissions (ABAC); the parameter allowDeletes of infra/main.bicep does it)',
    );
  });

  it("of a lock names the permission, for which no built-in role is enough", async () => {
    signsIn();
    far.at(host).always("PATCH /acr/v1/app/_tags/1.0", refused);
    const { message } = await failureOf(
      () => registry.setLock("app", "1.0", { lock: "locked", signal: never }),
      "unauthorized",
    );
    expect(message).toContain(`a role with ${namespace}/metadata/write on the registry`);
    expect(message).toContain("allowLocks");
  });

  it("to list its repositories names the role for that", async () => {
    far.at(host).always("GET /v2/_catalog?n=1000", { status: 403 });
    const { message } = await failureOf(() => registry.listRepositories(never), "unsupported");
    expect(message).toContain(
      '"Container Registry Repository Catalog Lister" where it has repository permissions',
    );
  });

  it("with 403 says both that a rule of the network may keep us out, and the role", async () => {
    far
      .at(host)
      .expect("GET /v2/app/tags/list?n=1000", { status: 403, body: '{"errors":[{"code":"DENIED"}]}' });
    const { message } = await failureOf(() => registry.listTags("app", never), "forbidden");
    expect(message).toContain("a network rule of the registry keeps us out");
    expect(message).toContain('the role "AcrPull"');
  });

  it("to exchange the token of an identity without any role names one", async () => {
    far.at(host).expect("GET /v2/app/tags/list?n=1000", refused);
    far.at(host).expect("POST /oauth2/exchange", { status: 401 });
    const { message } = await failureOf(() => registry.listTags("app", never), "unauthorized");
    expect(message).toContain(`POST https://${host}/oauth2/exchange`);
    expect(message).toContain('the role "AcrPull"');
  });
});
