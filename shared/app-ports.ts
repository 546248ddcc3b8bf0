import { createCredentialCheck } from "./auth/credential-check.ts";
import { createCredentials } from "./auth/credentials.ts";
import { createRegistries } from "./auth/registries.ts";
import { createAcr } from "./azure/acr.ts";
import { createBlobs } from "./azure/blobs.ts";
import { createCredential } from "./azure/identity.ts";
import { createKeyVaults } from "./azure/key-vault.ts";
import { createOverflow, createQueue } from "./azure/queues.ts";
import { registryToken } from "./azure/registry-token.ts";
import { createStorageClients } from "./azure/storage.ts";
import { createTable } from "./azure/tables.ts";
import { createGates } from "./gates/members.ts";
import { createMethods, type MethodKind } from "./methods/members.ts";
import { sleep } from "./model/clock.ts";
import type { Notifier } from "./notifiers/notifier.ts";
import { createSeenQuotas } from "./registry/seen-quotas.ts";
import type { Settings } from "./settings.ts";
import { siteHas } from "./steps/retention/removal-claims.ts";
import type { NamePorts } from "./steps/watches/check-names.ts";
import { createScanReports } from "./stores/scan-reports.ts";
import { createStores } from "./stores/stores.ts";

/** All collaborators, made from the settings: what the steps take, and what only the app itself uses. */
export function createPorts(settings: Settings, settingsOf: NamePorts["settingsOf"]) {
  const identity = createCredential(settings.identity);
  const storage = createStorageClients(settings.storage, () => identity);
  const overflow = createOverflow(storage.container("messages"));
  const stores = createStores({
    table: (name) => createTable(storage.table(name)),
    queue: (name) => createQueue(storage.queue(name), overflow),
    blobs: (name) => createBlobs(storage.container(name)),
    leaseMs: settings.leaseMs,
  });
  const credentials = createCredentials({
    known: settings.credentials,
    ...(settings.keyVaults.size === 0
      ? {}
      : { vaults: createKeyVaults({ vaults: settings.keyVaults, credential: identity }) }),
  });
  const { target } = settings;
  const entraHosts = [target.host, ...settings.entraHosts];
  const checkCredential = createCredentialCheck({
    hosts: new Map([
      ...settings.appCredentials,
      ...[...settings.credentials].map(([name, { host }]) => [name, host] as const),
    ]),
    vaults: new Set(settings.keyVaults.keys()),
    entraHosts,
  });
  const quotas = createSeenQuotas();
  const registries = createRegistries({
    limits: settings.limits,
    quotas,
    rules: settings.registries,
    credentials,
    entra: {
      hosts: entraHosts,
      getToken: (signal) => registryToken(identity, signal),
    },
    tokenHosts: settings.tokenHosts,
    clientCertificates: settings.clientCertificates,
    proxies: settings.proxies,
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
  });
  const now = () => new Date();
  const reports = createScanReports(createBlobs(storage.container("scan-reports")));
  const methods = createMethods({
    registries,
    foreign: registries.foreign,
    credentials,
    now,
    // A call ends within twice its budget: well within the lease, so that nobody else takes a copy over.
    budgetMs: settings.leaseMs * 0.4,
    receipts: stores.sites,
    ...(target.credential === undefined ? {} : { targetCredential: target.credential }),
    ...(settings.acr === undefined ? {} : { acr: createAcr({ ...settings.acr, credential: identity }) }),
    credentialSets: settings.credentialSets,
    ...(settings.agentPool === undefined ? {} : { agentPool: settings.agentPool }),
  });
  const channels = settings.channels.map(({ name }) => name);
  const ports = {
    ...stores,
    registries,
    targetHost: target.host,
    retained: settings.retained,
    graceMs: settings.graceMs,
    followMs: settings.followMs,
    siteHas: siteHas(stores.sites),
    defaultMethod: settings.method,
    channels,
    openTarget: (host: string) => registries.open(host, host === target.host ? target.credential : undefined),
    methodOf: (kind: MethodKind) => methods.open(kind),
    checkCredential,
    settingsOf,
    policy: settings.policy,
    gates: createGates({ registries, policy: settings.policy, reports, now }),
    channel: openChannels(settings),
    windowMs: settings.notifyWindowMs,
    leaseMs: settings.leaseMs,
    deadlineMs: settings.deadlineMs,
    random: Math.random,
    limits: settings.limits,
    quotas,
    sleep,
    now,
  };
  return {
    ports,
    overflow,
    reports,
    bundles: createBlobs(storage.container("bundles")),
    close: () => registries.close(),
  };
}

/** Opens channels on first use. */
function openChannels({ channels, statusUrl }: Settings): (name: string) => Notifier | undefined {
  const opened = new Map<string, Notifier>();
  return (name) => {
    const channel = channels.find((each) => each.name === name);
    if (channel === undefined) return undefined;
    const notifier = opened.get(name) ?? channel.open(statusUrl === undefined ? {} : { statusUrl });
    opened.set(name, notifier);
    return notifier;
  };
}
