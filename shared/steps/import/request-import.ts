import { createHash } from "node:crypto";
import type { CheckCredential } from "../../auth/credential-check.ts";
import { defaultHandling } from "../../documents/handling.ts";
import {
  formatImportId,
  type ImportRecord,
  importKey,
  isOpen,
  openedAgain,
} from "../../documents/import-record.ts";
import { type ImportRequest, parseImportRequest, siteMissing } from "../../documents/import-request.ts";
import { manualWatch } from "../../documents/watch-id.ts";
import { lastDecision } from "../../gates/decision.ts";
import { noDemands } from "../../gates/demands.ts";
import type { MethodKind } from "../../methods/members.ts";
import { type Digest, printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Registries } from "../../registry/registry.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Requests } from "../../stores/requests.ts";
import type { Sites } from "../../stores/sites.ts";
import { openPace, type PacePorts } from "../pace/pace.ts";
import { pauseAskedBy } from "../pace/upstream-pause.ts";

export interface RequestPorts extends PacePorts {
  readonly registries: Registries;
  readonly checkCredential: CheckCredential;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly audit: Audit;
  readonly requests: Requests;
  readonly sites: Pick<Sites, "get">;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
  readonly channels: readonly string[];
}

export interface Asked {
  readonly body: unknown;
  readonly actor: string;
  /** The caller's `Idempotency-Key`: the same key with the same body always gives the same import. */
  readonly idempotencyKey?: string;
}

// Long enough for a UUID and for any sensible name; https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
const maxKeyLength = 200;

/** Resolves the digest, puts the import into the ledger and sends it on its way. Returns the import's id. */
export async function requestImport(asked: Asked, ports: RequestPorts, signal: AbortSignal): Promise<string> {
  const request = parseImportRequest(asked.body);
  const fingerprint = createHash("sha256").update(JSON.stringify(asked.body)).digest("hex");
  const key = asked.idempotencyKey;
  if (key !== undefined) {
    const known = await knownImport(key, fingerprint, ports, signal);
    if (known !== undefined) return known;
  }
  if (request.credential !== undefined) ports.checkCredential(request.credential, request.source.host);
  await requireSite(request, ports, signal);
  const name = formatReference(request.source);
  await ports.audit.record({ actor: asked.actor, action: "import", subject: name, at: ports.now() }, signal);
  const digest = await atOnce(request, ports, signal);
  const record = toRecord(request, { digest, actor: asked.actor }, ports);
  await start(record, ports, signal);
  const importId = formatImportId(record);
  if (key !== undefined && (await ports.requests.add(key, { fingerprint, importId }, signal)) === "exists") {
    return (await knownImport(key, fingerprint, ports, signal)) ?? importId;
  }
  return importId;
}

/** A bundle for a site that is not known could never be made. */
async function requireSite(
  { method, site }: ImportRequest,
  { sites, defaultMethod }: RequestPorts,
  signal: AbortSignal,
): Promise<void> {
  if (site === undefined) {
    if ((method ?? defaultMethod) === "bundle") throw siteMissing();
    return;
  }
  if ((await sites.get(site, signal)) !== undefined) return;
  throw new Failure(
    "invalid",
    `There is no site ${site}: add it by wharfgate site add ${site} --key <its .pub.pem>`,
  );
}

async function knownImport(
  key: string,
  fingerprint: string,
  { requests }: RequestPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (key.length > maxKeyLength || !/^[\x21-\x7e]+$/.test(key)) {
    throw new Failure(
      "invalid",
      `Idempotency-Key must be 1 to ${maxKeyLength} printable ASCII characters without spaces`,
    );
  }
  const known = await requests.get(key, signal);
  if (known === undefined) return undefined;
  if (known.fingerprint === fingerprint) return known.importId;
  throw new Failure(
    "conflict",
    "This Idempotency-Key was used for another request: use a new key for a new import",
  );
}

/** People are told until when they must wait; they need not wait for it here. */
async function atOnce(request: ImportRequest, ports: RequestPorts, signal: AbortSignal): Promise<Digest> {
  const { host } = request.source;
  const pace = await openPace({ host, urgency: "manual", requests: 2, connections: 0 }, ports, signal);
  if (pace.kind === "put-off") {
    const retryAfterMs = Math.max(1000, pace.until.getTime() - ports.now().getTime());
    const moment = pace.until.toISOString();
    throw new Failure("rate-limited", `${host} is not asked before ${moment}: ${pace.reason}`, {
      retryAfterMs,
    });
  }
  try {
    return await pace.turn((within) => resolve(request, ports.registries, within), signal);
  } catch (error) {
    const pauseMs = error instanceof Failure ? pauseAskedBy(error) : undefined;
    if (!(error instanceof Failure) || pauseMs === undefined) throw error;
    await ports.hosts.pauseFor(host, pauseMs, signal);
    throw new Failure(error.code, error.message, {
      context: error.context,
      cause: error,
      retryAfterMs: pauseMs,
    });
  } finally {
    await pace.close(signal);
  }
}

async function resolve(
  { source, credential }: ImportRequest,
  registries: Registries,
  signal: AbortSignal,
): Promise<Digest> {
  const registry = registries.open(source.host, credential);
  const found = await registry.headManifest(source.path, source.digest ?? source.tag ?? "", signal);
  if (found !== undefined) {
    if (source.digest !== undefined && source.tag !== undefined) {
      const tagged = await registry.headManifest(source.path, source.tag, signal);
      if (tagged?.digest !== source.digest) throw disagreement(source, tagged?.digest);
    }
    return found.digest;
  }
  throw new Failure(
    "not-found",
    `${formatReference(source)} does not exist upstream, or may not be seen without a credential`,
  );
}

/** A digest under a tag that does not have it would be recorded, and announced, as that tag. */
function disagreement(source: ImportRequest["source"], tagged: Digest | undefined): Failure {
  const has = tagged === undefined ? "does not exist upstream" : `has the digest ${tagged} upstream`;
  return new Failure(
    "invalid",
    `${formatReference({ host: source.host, path: source.path, tag: source.tag ?? "" })} ${has}: leave the tag out and name a "target" with a tag, or leave the digest out`,
  );
}

function toRecord(
  request: ImportRequest,
  { digest, actor }: { readonly digest: Digest; readonly actor: string },
  ports: RequestPorts,
): ImportRecord {
  const { host, path, tag = "" } = request.source;
  const source = { host, path };
  const named = request.source.digest;
  const target = { host: ports.targetHost, ...request.target(source, tag) };
  const what = { source, tag: tag === "" ? target.tag : tag, digest, target };
  const { site } = request;
  return {
    ...what,
    watch: manualWatch,
    key: importKey({ ...what, site }),
    state: "pending",
    method: request.method ?? ports.defaultMethod,
    existing: "keep",
    platforms: request.platforms,
    notify: ports.channels,
    requestedBy: actor,
    seenAt: ports.now(),
    sighting: { by: "asked", ...(tag === "" && { named: "digest" }) },
    hop: 0,
    attempts: 0,
    handling: { ...defaultHandling, referrers: request.referrers, ...(site !== undefined && { site }) },
    // Whoever names a digest wants that one and no other.
    demands: { ...noDemands, ...(named && { pin: named }) },
    gates: [],
    decisions: [],
    operations: [],
    ...(request.credential === undefined ? {} : { credential: request.credential }),
  };
}

/** Adds the import, or opens it again when it has ended; one that is under way goes on. */
async function start(
  record: ImportRecord,
  { ledger, queues }: RequestPorts,
  signal: AbortSignal,
): Promise<void> {
  let { hop } = record;
  if ((await ledger.add([{ record }], signal)).length === 0) {
    const entry = await ledger.get(record.watch, record.key, signal);
    if (entry !== undefined) hop = entry.record.hop;
    const refused = entry && lastDecision(entry.record.decisions, "refuse");
    if (refused !== undefined) {
      throw new Failure(
        "conflict",
        `${formatReference({ ...record.source, tag: record.tag })} with this digest was refused by ${printable(refused.by)} on ${refused.at.toISOString()}: it does not come in`,
      );
    }
    if (entry !== undefined && !isOpen(entry.record)) {
      const next = openedAgain(entry.record, record);
      hop = next.hop;
      await ledger.update(entry, next, { signal });
    }
  }
  await queues.import({ watch: record.watch, key: record.key, hop }, { signal });
}
