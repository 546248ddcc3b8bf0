import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";

/** Where the program is, by the path and the folders that system programs live in; undefined when it is not installed. */
export function peer(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/sbin", "/usr/local/bin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * A suite against programs of others; `body` gets their paths. Where one is missing, one test says what was left out, and
 * fails when WHARFGATE_REQUIRE_PEERS is 1.
 */
export function describeWithPeers<Name extends string>(
  title: string,
  names: readonly Name[],
  body: (paths: Readonly<Record<Name, string>>) => void,
): void {
  const found = names.map((name) => [name, peer(name)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length === 0) {
    describe(title, () => body(Object.fromEntries(found) as Record<Name, string>));
    return;
  }
  describe(title, () => {
    it(`left out: ${missing.join(" and ")} not installed`, () => {
      expect(process.env.WHARFGATE_REQUIRE_PEERS, `install ${missing.join(" and ")}`).not.toBe("1");
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
