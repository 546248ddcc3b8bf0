import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { createRegistries } from "../shared/auth/registries.ts";
import type { RegistryAccess } from "../shared/auth/registry-access.ts";
import { parseHostRules } from "../shared/http/host-rules.ts";
import { writeWhole } from "../shared/registry/layout/whole-file.ts";
import { startArm } from "./arm/arm.ts";
import { openArmCache } from "./arm/cache.ts";
import { createCachePulls } from "./arm/cache-pulls.ts";
import { createRegistryTransfer } from "./arm/registry-transfer.ts";
import type { Azurite } from "./azurite.ts";
import { type DemoUpstream, startDemoUpstream } from "./demo/upstream.ts";
import { startIdentity } from "./identity.ts";
import { type Inbox, startInbox } from "./inbox/inbox.ts";
import type { WantedPort } from "./listen.ts";
import type { Log } from "./log.ts";
import { type AnsweredRequest, startRegistry } from "./registry/registry.ts";

/** Everything around the app on one machine, all on loopback: storage, registries, Azure's control plane, an inbox. */
export interface OneMachine {
  /** The app's settings, to be merged into its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly upstream: DemoUpstream;
  /** `127.0.0.1:5001` */
  readonly registryHost: string;
  /** May push to the private registry, for people who want to try things. */
  readonly admin: { readonly username: string; readonly password: string };
  readonly inbox: Inbox;
  readonly azurite: Azurite;
  /** What listens where, and whether at its usual port. */
  readonly places: readonly Place[];
  /** Ends everything, storage last. */
  close(): Promise<void>;
}

export interface Place {
  readonly name: string;
  readonly url: string;
  /** Said when the usual port was taken. */
  readonly usualPort?: number;
}

export interface OneMachineOptions {
  /** Where all data is kept; it survives a restart. */
  readonly dir: string;
  /** Storage, which takes longest to start: it may still be on its way. Closed with the rest. */
  readonly storage: Promise<Azurite>;
  /** Entries of the allow-list that somebody has set, and how registries are reached, for the stand-ins' transfers too. */
  readonly upstreams?: string;
  readonly access?: RegistryAccess;
  readonly log: Log;
  /** `free` takes free ports only, for tests that run beside another instance. */
  readonly ports?: "usual" | "free";
  readonly onRegistryRequest?: (request: AnsweredRequest) => void;
  readonly onUpstreamRequest?: (request: AnsweredRequest) => void;
}

const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/wharfgate/providers/Microsoft.ContainerRegistry/registries/wharfgate";
const pool = "wharfgate";
// The ARM stand-in plays the tool's part itself; what matters here is that the app pins one.
const copyTool = `tools/crane@sha256:${"c0ffee00".repeat(8)}`;

// Any public registry, and whatever somebody runs on this machine.
const upstreams = "* http://127.0.0.1:*=127.0.0.0/8 http://localhost:*=127.0.0.0/8+::1/128";

const usualPorts = { registry: 5001, upstream: 5002, arm: 5443, inbox: 8025, smtp: 2525 } as const;

export async function startOneMachine(options: OneMachineOptions): Promise<OneMachine> {
  const { dir, log } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const portsFile = join(dir, "ports.json");
  const wanted = options.ports === "free" ? undefined : { ...usualPorts, ...(await lastPorts(portsFile)) };
  const portOf = (name: PortName): WantedPort => (wanted === undefined ? 0 : { usual: wanted[name] });
  const admin = { username: "wharfgate", password: await secretOf(join(dir, "registry-password")) };
  const identity = await startIdentity();
  const service = { username: "service", password: randomBytes(18).toString("base64url") };
  const cache = await openArmCache({ file: join(dir, "cache-rules.json") });
  const cachePulls = createCachePulls(cache);
  const [azurite, registry, upstream, inbox] = await Promise.all([
    options.storage,
    startRegistry({
      root: join(dir, "registry"),
      port: portOf("registry"),
      access: { kind: "acr", admin, acceptsEntraToken: (token) => identity.accepts(token, registryAudience) },
      pullThrough: cachePulls,
      log: (line) => log("error", line),
      ...(options.onRegistryRequest && { onRequest: options.onRegistryRequest }),
    }),
    startDemoUpstream({
      root: join(dir, "upstream"),
      port: portOf("upstream"),
      log: (line) => log("error", line),
      ...(options.onUpstreamRequest && { onRequest: options.onUpstreamRequest }),
    }),
    startInbox({ dir: join(dir, "inbox"), port: portOf("inbox"), smtpPort: portOf("smtp"), log }),
  ]);
  // The service's own way into its registry, where cache rules keep nobody out.
  const inner = await startRegistry({ root: join(dir, "registry"), access: { kind: "basic", ...service } });
  const allowed = options.upstreams === undefined ? upstreams : `${options.upstreams} ${upstreams}`;
  const rules = parseHostRules(allowed);
  const arm = await startArm({
    dir,
    port: portOf("arm"),
    registry: { resourceId, loginServer: registry.host },
    transfer: createRegistryTransfer({
      upstreams: (credentials) => createRegistries({ rules, credentials, ...options.access }),
      target: createRegistries({ rules, credentials: { resolve: async () => service } }).open(
        inner.host,
        "service",
      ),
    }),
    cache,
    cachePulls,
    pools: { [pool]: 2 },
    accepts: identity.accepts,
    retryAfterSeconds: 1,
    log,
  });
  const urls = {
    registry: registry.origin,
    upstream: upstream.origin,
    inbox: inbox.url,
    smtp: inbox.smtpUrl,
    arm: arm.url,
  };
  if (wanted !== undefined) await keepPorts(portsFile, urls);
  return {
    upstream,
    registryHost: registry.host,
    admin,
    inbox,
    azurite,
    environment: {
      AzureWebJobsStorage: azurite.connectionString,
      NODE_EXTRA_CA_CERTS: arm.caFile,
      WHARFGATE_ACR_ID: resourceId,
      WHARFGATE_ARM_ENDPOINT: arm.url,
      WHARFGATE_TARGET: `http://${registry.host}=127.0.0.0/8`,
      WHARFGATE_UPSTREAMS: allowed,
      WHARFGATE_AGENT_POOL: pool,
      WHARFGATE_COPY_TOOL: copyTool,
      WHARFGATE_CHANNEL_TEAMS: JSON.stringify({ kind: "teams", webhookUrl: inbox.webhookUrl }),
      WHARFGATE_CHANNEL_MAIL: JSON.stringify({
        kind: "email",
        smtp: inbox.smtpUrl,
        from: "wharfgate@localhost",
        to: ["ops@localhost"],
      }),
      WHARFGATE_LEASE: "30",
      WHARFGATE_NOTIFY_WINDOW: "3",
      // Somebody is watching: look for messages more often than the default's two seconds.
      AzureFunctionsJobHost__extensions__queues__maxPollingInterval: "00:00:00.250",
      ...identity.environment,
    },
    places: placesOf(urls, wanted),
    close: async () => {
      await arm.close();
      await Promise.all([inner.close(), registry.close(), upstream.close(), inbox.close(), identity.close()]);
      await azurite.stop();
    },
  };
}

const registryAudience = "https://containerregistry.azure.net";

type PortName = keyof typeof usualPorts;
type Ports = Readonly<Record<PortName, number>>;

/** Hosts with their ports stand in watches and in the ledger, so the next start tries these first. */
async function keepPorts(file: string, urls: Readonly<Record<PortName, string>>): Promise<void> {
  const ports = Object.entries(urls).map(([name, url]) => [name, Number(new URL(url).port)]);
  await writeWhole(file, `${JSON.stringify(Object.fromEntries(ports))}\n`);
}

async function lastPorts(file: string): Promise<Partial<Ports>> {
  try {
    return z.partialRecord(portName, portNumber).parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    // A first start, or a file of an older version: the usual ones are tried.
    return {};
  }
}

const portName = z.enum(["registry", "upstream", "arm", "inbox", "smtp"]);
const portNumber = z.int().min(1).max(65_535);

const names: Readonly<Record<PortName, string>> = {
  registry: "private registry",
  upstream: "demo upstream",
  inbox: "inbox",
  smtp: "mail (SMTP)",
  arm: "ARM stand-in",
};

function placesOf(urls: Readonly<Record<PortName, string>>, wanted: Ports | undefined): Place[] {
  return (Object.keys(urls) as PortName[]).map((name) => ({
    name: names[name],
    url: urls[name],
    ...(wanted !== undefined && Number(new URL(urls[name]).port) !== wanted[name]
      ? { usualPort: wanted[name] }
      : {}),
  }));
}

/** A random secret, made once and kept. */
async function secretOf(path: string): Promise<string> {
  const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return "";
  });
  // A start on a full disk leaves an empty file.
  if (kept.trim() !== "") return kept.trim();
  const secret = randomBytes(18).toString("base64url");
  await writeFile(path, `${secret}\n`, { mode: 0o600 });
  return secret;
}
