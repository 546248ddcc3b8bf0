import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../../shared/settings.ts";
import { type BicepObject, type BicepValue, objectAt, openBicep, type Template } from "../support/bicep.ts";
import { misfits, type ResourceTypes } from "../support/resource-types.ts";

// Types of the resources that the templates use, from `azmcp bicepschema get --resource-type <type>` (npm package @azure/mcp 2.0.5):
// what is read-only and what no template comes near to is left out.
const types = JSON.parse(
  readFileSync(join(import.meta.dirname, "resource-types.json"), "utf8"),
) as ResourceTypes;
const root = join(import.meta.dirname, "..", "..");
const infra = join(root, "infra");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const files = readdirSync(infra).filter((name) => name.endsWith(".bicep"));
// The grammar takes these functions for names where they stand first in a list.
const functions = new Set(["resourceGroup"]);

let templates: ReadonlyMap<string, Template>;
const template = (file: string): Template => {
  const found = templates.get(file);
  if (found === undefined) throw new Error(`there is no template ${file}`);
  return found;
};

beforeAll(async () => {
  const read = await openBicep();
  templates = new Map(files.map((file) => [file, read(join(infra, file))]));
});

describe.each(files)("%s", (file) => {
  it("is Bicep", () => {
    expect(template(file).errors).toEqual([]);
  });

  it("uses what is declared, and all of its parameters and variables", () => {
    const { declared, used, parameters, variables } = template(file);
    expect([...used].filter((name) => !declared.has(name) && !functions.has(name))).toEqual([]);
    expect([...parameters.keys(), ...variables.keys()].filter((name) => !used.has(name))).toEqual([]);
  });

  it("gives its modules the parameters that they declare", () => {
    for (const { symbol, target, body } of template(file).modules) {
      const given = [...objectAt(body, "params").keys()];
      const { parameters } = template(target);
      const needed = [...parameters].filter(([, { optional }]) => !optional).map(([name]) => name);
      expect([symbol, given.filter((name) => !parameters.has(name))]).toEqual([symbol, []]);
      expect([symbol, needed.filter((name) => !given.includes(name))]).toEqual([symbol, []]);
    }
  });

  it("describes resources that fit Azure's types", () => {
    for (const { symbol, target, existing, body } of template(file).resources) {
      const type = types[target];
      if (type === undefined) throw new Error(`${symbol}: resource-types.json does not have ${target}`);
      if (!existing) expect([symbol, misfits(type, body)]).toEqual([symbol, []]);
    }
  });
});

describe("what is checked against Azure's types", () => {
  const misfit = (target: string, ...entries: readonly [string, BicepValue][]) => {
    const type = types[target];
    return type === undefined ? [`${target} is not there`] : misfits(type, new Map(entries));
  };
  const config = "Microsoft.Web/sites/config@2024-11-01";
  const validation = (...entries: readonly [string, BicepValue][]): BicepObject =>
    new Map([["globalValidation", new Map(entries)]]);

  it.each([
    [
      "a property that is not known",
      validation(["requireAuth", true]),
      "properties.globalValidation.requireAuth is not known",
    ],
    [
      "a value that is none",
      validation(["unauthenticatedClientAction", "Return402"]),
      'properties.globalValidation.unauthenticatedClientAction: "Return402" is none of',
    ],
    [
      "a value of another kind",
      validation(["requireAuthentication", "yes"]),
      "properties.globalValidation.requireAuthentication is no bool",
    ],
    [
      "a list that is none",
      validation(["excludedPaths", "/"]),
      "properties.globalValidation.excludedPaths is no list",
    ],
  ])("finds %s", (_name, properties, found) => {
    const name = ["name", "authsettingsV2"] as const;
    expect(misfit(config, [...name], ["properties", properties])).toEqual([expect.stringContaining(found)]);
  });

  it("finds what is missing, and a name that none has", () => {
    const assignment = "Microsoft.Authorization/roleAssignments@2022-04-01";
    expect(misfit(assignment, ["properties", new Map()])).toEqual([
      "name is missing",
      "properties.principalId is missing",
      "properties.roleDefinitionId is missing",
    ]);
    expect(misfit(config, ["name", "elsewhere"])).toEqual([
      'name: "elsewhere" is none of appsettings, authsettingsV2',
    ]);
  });
});

describe("the parameters", () => {
  const given = JSON.parse(text("infra/main.parameters.json")) as {
    parameters: Record<string, { value: unknown }>;
  };
  const guide = text("docs/deploy-azure.md");

  it("of main.bicep can all be set, by azd or in the file", () => {
    expect(Object.keys(given.parameters).sort()).toEqual(
      [...template("main.bicep").parameters.keys()].sort(),
    );
  });

  it("are off or empty unless somebody says otherwise", () => {
    const source = text("infra/main.bicep");
    const defaults = [...source.matchAll(/^param (\w+) \w+ = (.+)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(defaults.filter(([, value]) => !["''", "false", "[]", "{}"].includes(value ?? ""))).toEqual([
      ["operatorType", "'Group'"],
    ]);
  });

  it("stand in the guide, by the name that azd has for them or their own", () => {
    for (const [name, { value }] of Object.entries(given.parameters)) {
      const [, variable = name] = typeof value === "string" ? (/^\$\{(\w+)/.exec(value) ?? []) : [];
      if (variable.startsWith("AZURE_")) continue;
      expect(guide).toContain(variable);
    }
  });

  it("become settings that the app documents", () => {
    const settings = objectAt(template("app.bicep").variables, "settings");
    const documented = text("docs/settings.md");
    const own = [...settings.keys()].filter((name) => name.startsWith("WHARFGATE_"));
    expect(own).toContain("WHARFGATE_CALLERS");
    for (const name of own) {
      expect(documented).toContain(
        `\`${name.startsWith("WHARFGATE_CHANNEL_") ? "WHARFGATE_CHANNEL_<NAME>" : name}\``,
      );
    }
  });
});

describe("the settings that the template writes", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const required = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: "InstrumentationKey=0",
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "ClientId=0;Authorization=AAD",
    AzureWebJobsStorage__credential: "managedidentity",
    AzureWebJobsStorage__clientId: "00000000-0000-0000-0000-000000000000",
    AzureWebJobsStorage__blobServiceUri: "https://st0.blob.core.windows.net",
    AzureWebJobsStorage__queueServiceUri: "https://st0.queue.core.windows.net",
    AzureWebJobsStorage__tableServiceUri: "https://st0.table.core.windows.net",
    WHARFGATE_TARGET: "myregistry.azurecr.io",
    WHARFGATE_ACR_ID:
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry",
    WHARFGATE_ARM_ENDPOINT: "https://management.azure.com/",
  };
  const optional = {
    WHARFGATE_UPSTREAMS: "docker.io",
    WHARFGATE_AGENT_POOL: "pool1",
    WHARFGATE_COPY_TOOL: `tools/crane@${digest}`,
    WHARFGATE_CACHE_CREDENTIAL_SETS:
      "docker.io=hub-set;https://v.vault.azure.net/secrets/user;https://v.vault.azure.net/secrets/token",
    WHARFGATE_KEY_VAULTS: "myvault.vault.azure.net",
    WHARFGATE_CALLERS: "named",
    WHARFGATE_CHANNEL_TEAMS: '{"kind":"teams","webhookUrl":"https://example.com/hook"}',
  };

  it("are those", () => {
    const settings = objectAt(template("app.bicep").variables, "settings");
    expect([...settings.keys()].sort()).toEqual(Object.keys({ ...required, ...optional }).sort());
  });

  it("are taken by the app, with all features", () => {
    expect(readSettings({ ...required, ...optional })).toMatchObject({
      callers: "named",
      agentPool: { pool: "pool1" },
      keyVaults: new Map([["myvault", "https://myvault.vault.azure.net"]]),
      identity: { clientId: "00000000-0000-0000-0000-000000000000" },
    });
  });

  it("are taken by the app with none, where all of theirs are empty", () => {
    const empty = Object.fromEntries(Object.keys(optional).map((name) => [name, ""]));
    const settings = readSettings({ ...required, ...empty });
    expect(settings).toMatchObject({ callers: "keyed", keyVaults: new Map(), channels: [] });
    expect(settings).not.toHaveProperty("agentPool");
  });
});

describe("App Service authentication", () => {
  it("lets nobody in without a token but to what has no key either", () => {
    const sources = readdirSync(join(root, "functions")).map((name) => text(join("functions", name)));
    const open = sources.flatMap((source) =>
      [...source.matchAll(/route: "([^"]+)",\s+authLevel: "anonymous"/g)].map(([, route]) => `/api/${route}`),
    );
    const [authentication] = template("callers.bicep").resources.filter(({ existing }) => !existing);
    const properties = objectAt(authentication?.body, "properties");
    expect(objectAt(properties, "globalValidation").get("excludedPaths")).toEqual(open);
  });
});
