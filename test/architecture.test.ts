import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** Lowest first; a layer imports its own level or lower. Layers of one line stand on one level. */
const levels: readonly (readonly string[])[] = [
  ["shared/model"],
  ["shared/http", "shared/azure", "shared/signing"],
  ["shared/registry"],
  ["shared/auth", "shared/policies", "shared/gates", "shared/methods", "shared/notifiers"],
  ["shared/documents", "shared/settings.ts"],
  ["shared/stores"],
  ["shared/steps"],
  ["shared/app.ts", "shared/app-ports.ts"],
  ["functions", "cli", "web", "local", "bench"],
];

/** Packages that only some places may import. */
const confined: readonly {
  readonly name: string;
  readonly packages: RegExp;
  readonly places: readonly string[];
}[] = [
  { name: "@azure/functions", packages: /^@azure\/functions$/, places: ["functions", "local"] },
  {
    name: "an Azure SDK",
    packages: /^@azure\/(?!functions$)/,
    // The local Functions host is a storage client of its own, as the real host is.
    places: ["shared/azure", "local/host"],
  },
];

const root = resolve(import.meta.dirname, "..");
const sources = ["functions", "shared", "cli", "web", "local", "bench"].flatMap((folder) =>
  filesIn(join(root, folder)),
);
const edges = sources.flatMap((file) =>
  importsOf(file).map((to) => ({ from: relative(root, file), to: resolveImport(file, to) })),
);

describe("the architecture", () => {
  it("has sources to check", () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(edges.length).toBeGreaterThan(300);
  });

  it("puts every source file into a layer", () => {
    expect(sources.map((file) => relative(root, file)).filter((file) => levelOf(file) < 0)).toEqual([]);
  });

  it("imports downwards only", () => {
    const upward = edges.filter(({ from, to }) => levelOf(to) >= 0 && levelOf(to) > levelOf(from));
    expect(upward.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("keeps the product apart from what runs it", () => {
    const top = levels.length - 1;
    const allowed = (from: string, to: string) =>
      folderOf(from) === folderOf(to) ||
      folderOf(from) === "bench" ||
      (folderOf(from) === "cli" && folderOf(to) === "local");
    const crossing = edges.filter(
      ({ from, to }) => levelOf(from) === top && levelOf(to) === top && !allowed(from, to),
    );
    expect(crossing.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("keeps families apart", () => {
    const families = levels[3] ?? [];
    const crossing = edges.filter(({ from, to }) => {
      const [here, there] = [
        families.find((family) => from.startsWith(`${family}/`)),
        families.find((family) => to.startsWith(`${family}/`)),
      ];
      return here !== undefined && there !== undefined && here !== there;
    });
    expect(crossing.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("has no cycles, types included", () => {
    expect(cycles(edges)).toEqual([]);
  });

  it("has no cycles among the folders of steps", () => {
    const between = edges
      .map(({ from, to }) => ({ from: dirname(from), to: dirname(to) }))
      .filter(({ from, to }) => from !== to && [from, to].every((each) => each.startsWith("shared/steps/")));
    expect(between.length).toBeGreaterThan(30);
    expect(cycles(between)).toEqual([]);
  });

  it.each(confined)("imports $name only where it belongs", ({ packages, places }) => {
    const strays = edges.filter(
      ({ from, to }) => packages.test(to) && !places.some((place) => from.startsWith(`${place}/`)),
    );
    expect(strays.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("reads the environment in the settings only", () => {
    const entryPoints = /^(?:cli|local|bench)\//;
    const readers = sources
      .map((file) => relative(root, file))
      .filter((file) => /process\.env\b/.test(readFileSync(join(root, file), "utf8")));
    expect(readers.filter((file) => file !== "shared/settings.ts" && !entryPoints.test(file))).toEqual([]);
  });

  it("has no grab-bag modules", () => {
    const vague = /(?:^|[/-])(?:utils?|helpers?|common|manager|misc)(?:[./-]|$)/;
    expect(sources.map((file) => relative(root, file)).filter((file) => vague.test(file))).toEqual([]);
  });
});

function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;"']*?\bfrom\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...found].flatMap((match) => match.slice(1).filter((name) => name !== undefined));
}

/** A path from the root for our own files, the package's name for others. */
function resolveImport(file: string, to: string): string {
  if (to.startsWith(".")) return relative(root, resolve(dirname(file), to));
  return to
    .split("/")
    .slice(0, to.startsWith("@") ? 2 : 1)
    .join("/");
}

function levelOf(file: string): number {
  return levels.findIndex((level) => level.some((layer) => file === layer || file.startsWith(`${layer}/`)));
}

function folderOf(file: string): string {
  return file.slice(0, file.indexOf("/"));
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

function cycles(edges: readonly Edge[]): string[] {
  const graph = Map.groupBy(edges, ({ from }) => from);
  const state = new Map<string, "open" | "closed">();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "open") found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (state.has(file)) return;
    state.set(file, "open");
    for (const { to } of graph.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, "closed");
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
