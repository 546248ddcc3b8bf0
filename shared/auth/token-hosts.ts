import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";

/**
 * Reads `registry=token-host[+token-host…]`, parted by commas or white space: who else may be given the credentials of a
 * registry, as for a self-managed GitLab. Throws `invalid`.
 */
export function parseTokenHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const pins = new Map<string, readonly string[]>();
  for (const entry of text.split(/[\s,]+/)) {
    if (entry === "") continue;
    const [registry, hosts, extra] = entry.split("=");
    if (registry === undefined || hosts === undefined || extra !== undefined) {
      throw new Failure(
        "invalid",
        `"${printable(entry)}" does not pin a token host: expected registry=token-host, such as registry.corp:5443=gitlab.corp`,
      );
    }
    const host = parseHost(registry);
    const pinned = hosts.split("+").map((name) => new URL(`https://${parseHost(name)}`).host);
    pins.set(host, [...(pins.get(host) ?? []), ...pinned]);
  }
  return pins;
}

/** Azure registries that may be given the app's token, parted by commas or white space. Throws `invalid`. */
export function parseEntraHosts(text: string): readonly string[] {
  const hosts = text.split(/[\s,]+/).filter((entry) => entry !== "");
  return hosts.map((entry) => {
    const host = parseHost(entry);
    if (/\.azurecr\.(?:io|cn|us)$/.test(host)) return host;
    throw new Failure(
      "invalid",
      `"${printable(entry)}" is not an Azure Container Registry: only these take the app's Entra ID token, such as other.azurecr.io`,
    );
  });
}
