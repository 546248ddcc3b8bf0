import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";

/** Debian's packages, where they are named otherwise than their programs. */
const packages: Readonly<Record<string, string>> = { htpasswd: "apache2-utils" };

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
  const install = `apt-get install ${missing.map((name) => packages[name] ?? name).join(" ")}`;
  const notice = `left out: ${missing.join(" and ")} not installed; get it by: ${install}`;
  process.stdout.write(`${title}: ${notice}\n`);
  describe(title, () => {
    it(notice, () => {
      expect(process.env.WHARFGATE_REQUIRE_PEERS, notice).not.toBe("1");
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
