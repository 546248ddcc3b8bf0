import { parseAppCredentials } from "./auth/credential-check.ts";
import { type HostCredential, parseHostCredential } from "./auth/host-credential.ts";
import { type RegistryAccess, readRegistryAccess } from "./auth/registry-access.ts";
import { createSettingReader } from "./auth/setting-reader.ts";
import { parseEntraHosts } from "./auth/token-hosts.ts";
import type { NewCredentialSet } from "./azure/acr-cache-port.ts";
import type { CredentialOptions } from "./azure/identity.ts";
import { parseKeyVaults } from "./azure/key-vault.ts";
import type { StorageAccount } from "./azure/storage.ts";
import { parseRetained } from "./documents/proposal.ts";
import { parseChannelName } from "./documents/watch-columns.ts";
import { openPolicy, type Policy } from "./gates/policy.ts";
import { readPolicy } from "./gates/read-policy.ts";
import { type HostRules, parseHostRules } from "./http/host-rules.ts";
import { type AgentPoolConfig, parseAgentPoolConfig } from "./methods/agent-pool-config.ts";
import { parseCredentialSets } from "./methods/cache-rule-logins.ts";
import { type MethodKind, parseMethodKind } from "./methods/members.ts";
import { printable } from "./model/digest.ts";
import { Failure } from "./model/failure.ts";
import { parseHost, parseReference } from "./model/reference.ts";
import { type Channel, parseChannel } from "./notifiers/members.ts";
import type { Pattern } from "./policies/pattern.ts";
import { defaultUpstreams } from "./registry/hosts.ts";
import { defaultLimits, type Limits, parseLimits } from "./registry/limits.ts";
import { readSigningKey, type SigningKey } from "./signing/signing-key.ts";

/** All that is configured from outside, parsed. Docs: docs/settings.md. */
export interface Settings extends RegistryAccess {
  readonly storage: StorageAccount;
  readonly identity: CredentialOptions;
  /** Upstream hosts and the target: all that the registry client may talk to. */
  readonly registries: HostRules;
  /** What may be asked of upstream hosts, and how fast. */
  readonly limits: Limits;
  readonly target: { readonly host: string; readonly credential?: string };
  readonly acr?: { readonly resourceId: string; readonly armEndpoint?: string };
  readonly agentPool?: AgentPoolConfig;
  /** What cache rules log in with, by upstream host. */
  readonly credentialSets: ReadonlyMap<string, NewCredentialSet>;
  readonly method: MethodKind;
  readonly channels: readonly Channel[];
  /** By name; each for one registry host only. */
  readonly credentials: ReadonlyMap<string, HostCredential>;
  /** Hosts of credentials, by name, that the app has where this process has not: a command's environment need not hold them. */
  readonly appCredentials: ReadonlyMap<string, string>;
  /** Origins of the Key Vaults that may be read, by name. */
  readonly keyVaults: ReadonlyMap<string, string>;
  /** Registries beside the target that may be given the app's Entra ID token. */
  readonly entraHosts: readonly string[];
  /** What is demanded of imports, whatever the watches say. */
  readonly policy: Policy;
  /** Patterns for repository:tag at the target that retention leaves alone. */
  readonly retained: readonly Pattern[];
  /** How long retention leaves alone what came in, in milliseconds. */
  readonly graceMs: number;
  /** How long what refers to an image that was asked for by name is looked for, in milliseconds. */
  readonly followMs: number;
  readonly leaseMs: number;
  readonly deadlineMs: number;
  readonly notifyWindowMs: number;
  readonly statusUrl?: string;
  /** Signs what leaves in our name, such as bundles for disconnected sites. */
  readonly signingKey?: SigningKey;
  /**
   * `named`: App Service authenticates callers, sets the principal header itself and removes a caller's own. `keyed`: a
   * function key is all that is known of a caller.
   */
  readonly callers: "named" | "keyed";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings from the environment; one `invalid` failure names all that is wrong. */
export function readSettings(environment: Environment = process.env): Settings {
  const settings = createSettingReader(environment);
  const { get, read, named, problems } = settings;

  const storage = readStorage(get);
  if (storage === undefined) {
    problems.push(
      "AzureWebJobsStorage is not set: give a connection string, or AzureWebJobsStorage__tableServiceUri, __queueServiceUri and __blobServiceUri",
    );
  }
  const target = read("WHARFGATE_TARGET", parseTargetEntry);
  if (get("WHARFGATE_TARGET") === undefined) {
    problems.push(
      'WHARFGATE_TARGET is not set: the private registry that images go to, such as "myregistry.azurecr.io"',
    );
  }
  const registries = read("WHARFGATE_UPSTREAMS", (text) => parseHostRules(`${text} ${target?.entry ?? ""}`));
  const limits = read("WHARFGATE_LIMITS", parseLimits);
  const resourceId = get("WHARFGATE_ACR_ID");
  const armEndpoint = get("WHARFGATE_ARM_ENDPOINT");
  const credential = get("WHARFGATE_TARGET_CREDENTIAL") ?? (resourceId === undefined ? undefined : "entra");
  const agentPool = read("WHARFGATE_AGENT_POOL", (pool) =>
    parseAgentPoolConfig({
      pool,
      copyTool: get("WHARFGATE_COPY_TOOL") ?? "",
      queuedLimitMs: seconds("WHARFGATE_QUEUED_LIMIT", 600),
    }),
  );
  const credentialSets = read("WHARFGATE_CACHE_CREDENTIAL_SETS", parseCredentialSets) ?? new Map();
  const method = read("WHARFGATE_METHOD", parseMethodKind);
  const channels = named("WHARFGATE_CHANNEL_").flatMap(([name, variable]) => {
    const channel = read(variable, (text) =>
      parseChannel(parseChannelName(name.toLowerCase().replaceAll("_", "-")), text),
    );
    return channel === undefined ? [] : [channel];
  });
  const credentials = new Map(
    named("WHARFGATE_CREDENTIAL_").flatMap(([name, variable]): [string, HostCredential][] => {
      const parsed = read(variable, parseHostCredential);
      return parsed === undefined ? [] : [[name, parsed]];
    }),
  );
  const appCredentials = read("WHARFGATE_APP_CREDENTIALS", parseAppCredentials) ?? new Map();
  const keyVaults = read("WHARFGATE_KEY_VAULTS", parseKeyVaults) ?? new Map();
  const entraHosts = read("WHARFGATE_ENTRA_HOSTS", parseEntraHosts) ?? [];
  const access = readRegistryAccess(settings);
  const policy = read("WHARFGATE_POLICY", readPolicy) ?? openPolicy;
  const statusUrl = get("WHARFGATE_STATUS_URL");
  const signingKey = read("WHARFGATE_SIGNING_KEY", readSigningKey);
  const clientId = get("AZURE_CLIENT_ID") ?? get("AzureWebJobsStorage__clientId");

  function seconds(name: string, fallback: number): number {
    return (read(name, parseSeconds) ?? fallback) * 1000;
  }
  const retained =
    read("WHARFGATE_RETAIN", (text) =>
      text.split(/\s+/).map((pattern) => parseRetained("WHARFGATE_RETAIN", pattern)),
    ) ?? [];
  const graceMs = (read("WHARFGATE_RETAIN_DAYS", parseDays) ?? 7) * 24 * 3_600_000;
  const followMs = (read("WHARFGATE_REFERRERS_DAYS", parseDays) ?? 30) * 24 * 3_600_000;
  const leaseMs = seconds("WHARFGATE_LEASE", 300);
  if (leaseMs === 0)
    problems.push("WHARFGATE_LEASE: 0 would let several workers do the same work: 60 or more is sensible");
  const deadlineMs = seconds("WHARFGATE_IMPORT_DEADLINE", 7200);
  const notifyWindowMs = seconds("WHARFGATE_NOTIFY_WINDOW", 30);
  const callers = read("WHARFGATE_CALLERS", parseCallers);

  if (problems.length > 0 || storage === undefined || target === undefined) {
    throw new Failure("invalid", `The settings cannot be used:\n  ${problems.join("\n  ")}`);
  }
  return {
    storage,
    identity: {
      source: get("IDENTITY_ENDPOINT") === undefined ? "default" : "managed-identity",
      ...(clientId === undefined ? {} : { clientId }),
    },
    limits: limits ?? defaultLimits,
    registries: registries ?? parseHostRules(`${defaultUpstreams} ${target.entry}`),
    target: { host: target.host, ...(credential === undefined ? {} : { credential }) },
    method: method ?? (resourceId === undefined ? "copy" : "acr-import"),
    channels,
    credentials,
    appCredentials,
    keyVaults,
    credentialSets,
    entraHosts,
    ...access,
    policy,
    retained,
    graceMs,
    followMs,
    leaseMs,
    deadlineMs,
    notifyWindowMs,
    callers: callers ?? (/^true$/i.test(get("WEBSITE_AUTH_ENABLED") ?? "") ? "named" : "keyed"),
    ...(resourceId === undefined
      ? {}
      : { acr: { resourceId, ...(armEndpoint === undefined ? {} : { armEndpoint }) } }),
    ...(agentPool === undefined ? {} : { agentPool }),
    ...(statusUrl === undefined ? {} : { statusUrl }),
    ...(signingKey === undefined ? {} : { signingKey }),
  };
}

function readStorage(get: (name: string) => string | undefined): StorageAccount | undefined {
  const connectionString = get("AzureWebJobsStorage");
  if (connectionString !== undefined) return { kind: "connection-string", connectionString };
  const account = get("AzureWebJobsStorage__accountName");
  const uri = (service: string): string | undefined =>
    get(`AzureWebJobsStorage__${service}ServiceUri`)?.replace(/\/+$/, "") ??
    (account === undefined ? undefined : `https://${account}.${service}.core.windows.net`);
  const [blobServiceUri, queueServiceUri, tableServiceUri] = [uri("blob"), uri("queue"), uri("table")];
  if (blobServiceUri === undefined || queueServiceUri === undefined || tableServiceUri === undefined)
    return undefined;
  return { kind: "identity", blobServiceUri, queueServiceUri, tableServiceUri };
}

/** One entry of the allow-list's grammar; its host names the registry in references. */
export function parseTargetEntry(entry: string): { readonly host: string; readonly entry: string } {
  const host = parseHost(entry.replace(/^https?:\/\//, "").replace(/=.*$/, ""));
  if (parseHostRules(entry).find(host) === undefined || parseReference(`${host}/name`).host !== host) {
    throw new Failure(
      "invalid",
      `"${printable(entry)}" does not name one registry: expected [http://]host[:port][=cidr], with a dot or a port in the host`,
    );
  }
  return { host, entry };
}

/** There is no way to say `keyed`: that would let whoever has a function key past the app roles. */
function parseCallers(text: string): "named" {
  if (text === "named") return text;
  throw new Failure("invalid", `"${printable(text)}" is not "named", the only value: leave it out otherwise`);
}

function parseDays(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new Failure("invalid", `"${printable(text)}" is not a whole number of days`);
}

function parseSeconds(text: string): number {
  const value = Number(text);
  if (/^\d{1,6}$/.test(text)) return value;
  throw new Failure("invalid", `"${printable(text)}" is not a whole number of seconds`);
}
