import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { roles } from "../../functions/roles.ts";
import { acrGrants } from "../../shared/azure/acr-rights.ts";
import { builtInRole, builtInRoles, registryRoles } from "../support/azure-roles.ts";
import { type Expression, objectAt, openBicep } from "../support/bicep.ts";

const root = join(import.meta.dirname, "..", "..");
const infra = join(root, "infra");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const guide = read("docs/deploy-azure.md");
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("roles in the templates", () => {
  const ids = readdirSync(infra)
    .filter((name) => name.endsWith(".bicep"))
    .flatMap((file) =>
      [...read(join("infra", file)).matchAll(/'([0-9a-f]{8}-[0-9a-f-]{27})'(?: \/\/ (.+))?/g)].map(
        ([, id = "", name]) => ({ file, id, name }),
      ),
    );

  it("are built-in ones by their right names", () => {
    expect(ids.length).toBeGreaterThan(4);
    for (const { file, id, name } of ids) {
      const known = builtInRoles.find((role) => role.id === id);
      expect([file, id, known?.name]).toEqual([file, id, name ?? expect.any(String)]);
    }
    for (const { name, id } of registryRoles.builtIn)
      expect([name, id]).toEqual([name, builtInRole(name).id]);
  });

  it("are told apart by their ids", () => {
    expect(new Set(builtInRoles.map(({ id }) => id)).size).toBe(builtInRoles.length);
    for (const { id } of builtInRoles) expect(id).toMatch(uuid);
  });

  it("at the registry belong to features that main.bicep switches on by a parameter of that name", async () => {
    const main = (await openBicep())(join(infra, "main.bicep"));
    const [access] = main.modules.filter(({ target }) => target === "registry-access.bicep");
    const features = objectAt(objectAt(access?.body, "params"), "features");
    const named = new Set([...registryRoles.builtIn, ...registryRoles.custom].map(({ feature }) => feature));
    expect([...features.keys()].sort()).toEqual([...named].sort());
    expect([...named].filter((name) => name !== "always" && !main.parameters.has(name))).toEqual([]);
    for (const [name, value] of features) {
      expect([true, name, `!empty(${name})`]).toContain(value === true ? value : (value as Expression).text);
    }
    const loops = [...read("infra/registry-access.bicep").matchAll(/^ {2}for .*$/gm)].map(([line]) => line);
    expect(loops).toHaveLength(3);
    for (const loop of loops) expect(loop).toMatch(/: if \(features\[role\.feature\]\) \{$/);
    const promised = Object.values(acrGrants).flatMap(({ parameter }) => parameter ?? []);
    expect(promised.filter((name) => !named.has(name))).toEqual([]);
  });

  it.each([
    ["key-vault-access", "keyVaultId"],
    ["callers", "authClientId"],
    ["operator-access", "operatorId"],
  ])("and else of the module %s are there only with %s", (file, parameter) => {
    expect(read("infra/main.bicep")).toMatch(
      new RegExp(`^module \\w+ '${file}\\.bicep' = if \\(!empty\\(${parameter}\\)\\) \\{$`, "m"),
    );
  });

  it("of our own keep their keys, by which Azure knows them again", () => {
    expect(registryRoles.custom.map(({ key }) => key)).toEqual([
      "wharfgate-copy-runner",
      "wharfgate-tag-locker",
      "wharfgate-image-remover",
    ]);
    for (const { actions, dataActions } of registryRoles.custom)
      expect([...actions, ...dataActions].filter((action) => action.includes("*"))).toEqual([]);
  });

  it("stand in the guide, each with its permissions if it is our own", () => {
    const inTemplates = ids.map(({ id }) => builtInRoles.find((role) => role.id === id)?.name ?? id);
    for (const name of [...inTemplates, ...registryRoles.builtIn.map((role) => role.name)])
      expect(guide).toContain(name);
    for (const { name, actions, dataActions } of registryRoles.custom) {
      expect(guide).toContain(name);
      for (const action of [...actions, ...dataActions]) {
        expect(guide).toContain(`\`${action.replace("Microsoft.ContainerRegistry/registries/", "")}\``);
      }
    }
  });
});

describe("app roles", () => {
  interface AppRole {
    readonly value: string;
    readonly id: string;
    readonly isEnabled: boolean;
    readonly allowedMemberTypes: readonly string[];
    readonly displayName: string;
    readonly description: string;
  }
  const manifest = JSON.parse(read("infra/app-roles.json")) as readonly AppRole[];

  it("of the manifest are those that the app asks for", () => {
    expect(manifest.map(({ value }) => value)).toEqual(roles);
  });

  it("have ids of their own, and are for people and for applications", () => {
    expect(new Set(manifest.map(({ id }) => id)).size).toBe(roles.length);
    for (const role of manifest) {
      expect(role).toMatchObject({ isEnabled: true, allowedMemberTypes: ["User", "Application"] });
      expect(role.id).toMatch(uuid);
      expect(role.displayName).toContain(role.value);
      expect(role.description).not.toBe("");
    }
  });

  it("stand beside a scope that the guide lets the Azure CLI ask for, in tokens of version 2", () => {
    const { api } = JSON.parse(read("infra/app-api.json")) as {
      api: { requestedAccessTokenVersion: number; oauth2PermissionScopes: readonly { id: string }[] };
    };
    const [scope, ...others] = api.oauth2PermissionScopes;
    expect([api.requestedAccessTokenVersion, others]).toEqual([2, []]);
    expect(guide).toContain(`"delegatedPermissionIds":["${scope?.id}"]`);
  });
});
