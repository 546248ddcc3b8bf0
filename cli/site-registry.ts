import { createCredentials } from "../shared/auth/credentials.ts";
import { type HostCredential, parseHostCredential } from "../shared/auth/host-credential.ts";
import { type ClosableRegistries, createRegistries } from "../shared/auth/registries.ts";
import { readRegistryAccess } from "../shared/auth/registry-access.ts";
import { createSettingReader } from "../shared/auth/setting-reader.ts";
import { parseHostRules } from "../shared/http/host-rules.ts";
import { Failure } from "../shared/model/failure.ts";
import { parseTargetEntry } from "../shared/settings.ts";

/**
 * The registry of a site, for a command that has neither storage nor the app's settings: of the environment it reads
 * credentials, certificates and proxies alone. Whoever names the registry may name one at a private address.
 */
export function openSiteRegistry(
  entry: string,
  environment: NodeJS.ProcessEnv,
): { readonly registries: ClosableRegistries; readonly host: string } {
  const reader = createSettingReader(environment);
  const { host } = parseTargetEntry(entry);
  const known = new Map(
    reader.named("WHARFGATE_CREDENTIAL_").flatMap(([name, variable]): [string, HostCredential][] => {
      const parsed = reader.read(variable, parseHostCredential);
      return parsed === undefined ? [] : [[name, parsed]];
    }),
  );
  const access = readRegistryAccess(reader);
  if (reader.problems.length > 0) {
    throw new Failure("invalid", `The settings cannot be used:\n  ${reader.problems.join("\n  ")}`);
  }
  const rules = parseHostRules(entry.includes("=") ? entry : `${entry}=0.0.0.0/0+::/0`);
  return {
    registries: createRegistries({ rules, credentials: createCredentials({ known }), ...access }),
    host,
  };
}
