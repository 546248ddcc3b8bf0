import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url);

/** Runs `code` in a process of its own and gives the packages of Azure that it resolved. */
async function packagesLoadedBy(code: string): Promise<readonly string[]> {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith("@azure/")) loaded.add(specifier);
        return next(specifier, context);
      },
    });
    const { createAcr } = await import("./shared/azure/acr.ts");
    const { createCredential } = await import("./shared/azure/identity.ts");
    const { createKeyVaults, parseKeyVaults } = await import("./shared/azure/key-vault.ts");
    const credential = createCredential({ source: "managed-identity" });
    const acr = createAcr({
      resourceId: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry",
      credential,
      armEndpoint: "https://127.0.0.1:1",
    });
    const vaults = createKeyVaults({ vaults: parseKeyVaults("ops=https://127.0.0.1:1"), credential });
    ${code}
    console.log(JSON.stringify([...loaded]));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: root });
  return JSON.parse(stdout);
}

describe("the Azure side at start", () => {
  it("loads no SDK before it is asked for something", async () => {
    expect(await packagesLoadedBy("")).toEqual([]);
  });

  it("loads the ARM SDK with the first call", async () => {
    const code = "await acr.describe(AbortSignal.abort()).catch(() => {});";
    expect(await packagesLoadedBy(code)).toContain("@azure/arm-containerregistry");
  });

  it("loads the Key Vault SDK with the first secret", async () => {
    const loaded = await packagesLoadedBy('await vaults.read("ops", "hub").catch(() => {});');
    expect(loaded).toContain("@azure/keyvault-secrets");
    expect(loaded).not.toContain("@azure/arm-containerregistry");
  });
});
