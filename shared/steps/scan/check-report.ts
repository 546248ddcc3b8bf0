import { imagesToScan } from "../../gates/scan.ts";
import type { ImageToScan } from "../../gates/scan-candidates.ts";
import type { ScanReport } from "../../gates/scan-report.ts";
import { type Digest, printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatRepository, type Repository } from "../../model/reference.ts";
import type { Registries } from "../../registry/registry.ts";
import type { Ledger } from "../../stores/ledger.ts";

export interface ReportCheckPorts {
  readonly ledger: Pick<Ledger, "open">;
  readonly registries: Pick<Registries, "open">;
}

const mostRepositories = 10;
const mostNamed = 5;

/**
 * Whether a report is of the image that its uploader names, as the gate will ask. An image's own ID is in its manifest: that is read
 * at the upstreams of imports that wait for a report. Throws `invalid` with both digests when it is of another image; returns why
 * nobody could tell.
 */
export async function checkReport(
  report: ScanReport,
  named: Digest,
  ports: ReportCheckPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { imageId, digests, artifacts } = report;
  if (imageId === named) return undefined;
  if (imageId === undefined && digests.length > 0 && ![...digests, ...artifacts].includes(named)) {
    throw another(`of ${listed(digests)}`, `${named}`);
  }
  const found = await lookUp(named, ports, signal);
  if (typeof found === "string") return imageId === undefined ? undefined : found;
  const [first] = found;
  const index = first !== undefined && first.digest !== named;
  if (imageId === undefined) {
    if (!index || digests.length > 0) return undefined;
    throw new Failure(
      "invalid",
      `The report does not say which image it is of, and ${named} is an index: its images are scanned one by one. Name the image's digest, one of ${listed(found.map(({ digest }) => digest))}`,
    );
  }
  if (found.some(({ config, digest }) => imageId === config || imageId === digest)) return undefined;
  const ids = listed(found.map(({ config }) => config));
  throw another(
    `of the image with the ID ${printable(imageId)}`,
    index ? `${named}, an index whose images have the IDs ${ids}` : `${named}, whose image ID is ${ids}`,
  );
}

function another(what: string, named: string): Failure {
  return new Failure(
    "invalid",
    `The report is ${what}, and the digest that was given with it is ${named}. Scan that image, or leave the digest out (--digest, or ?digest= over HTTP): then the report is kept for what it names itself`,
  );
}

function listed(digests: readonly string[]): string {
  const rest = digests.length - mostNamed;
  return `${digests.slice(0, mostNamed).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** The images behind a digest; or why they cannot be told. */
async function lookUp(
  digest: Digest,
  { ledger, registries }: ReportCheckPorts,
  signal: AbortSignal,
): Promise<readonly ImageToScan[] | string> {
  let why = "no import that waits for a report has it";
  for (const { credential, ...source } of await waitingSources(ledger, signal)) {
    try {
      const registry = registries.open(source.host, credential);
      return await imagesToScan({ source: { ...source, digest }, only: [] }, registry, signal);
    } catch (error) {
      if (!(error instanceof Failure) || error.code === "canceled" || error.code === "internal") throw error;
      if (error.code !== "not-found") why = error.message;
    }
  }
  return `Whether the report is of ${digest} could not be checked: ${why}`;
}

type Source = Repository & { readonly credential?: string };

async function waitingSources(
  ledger: ReportCheckPorts["ledger"],
  signal: AbortSignal,
): Promise<readonly Source[]> {
  const found = new Map<string, Source>();
  for await (const { record } of ledger.open(signal)) {
    if (record.state !== "waiting" || record.gates.at(-1)?.gate !== "scan") continue;
    const { source, credential } = record;
    found.set(formatRepository(source), { ...source, ...(credential !== undefined && { credential }) });
    if (found.size === mostRepositories) break;
  }
  return [...found.values()];
}
