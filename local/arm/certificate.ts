import { randomBytes, X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generate } from "selfsigned";

/** Certificate of the ARM stand-in. The SDKs take tokens to https only, so that there must be one. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
  /** Trusted by who sets NODE_EXTRA_CA_CERTS to `caFile`. */
  readonly caPem: string;
  readonly caFile: string;
}

const dayMs = 24 * 3600_000;
const lifetimeMs = 365 * dayMs;
const renewBeforeMs = 30 * dayMs;

/** Takes the certificate that lies in `dir`, or makes a new one with a CA of its own, whose key is thrown away. */
export async function openCertificate(dir: string, now: Date): Promise<ServerCertificate> {
  const caFile = join(dir, "ca.pem");
  const kept = await readCertificate(dir, caFile);
  if (
    kept !== undefined &&
    Date.parse(new X509Certificate(kept.cert).validTo) - now.getTime() > renewBeforeMs
  ) {
    return kept;
  }
  const made = await makeCertificate(now);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "server-key.pem"), made.key, { mode: 0o600 });
  await writeFile(join(dir, "server.pem"), made.cert);
  await writeFile(caFile, made.caPem);
  return { ...made, caFile };
}

async function readCertificate(dir: string, caFile: string): Promise<ServerCertificate | undefined> {
  try {
    const [key, cert, caPem] = await Promise.all(
      [join(dir, "server-key.pem"), join(dir, "server.pem"), caFile].map((file) => readFile(file, "utf8")),
    );
    if (key === undefined || cert === undefined || caPem === undefined) return undefined;
    // A start that was killed between two writes leaves halves of different pairs.
    const pair = new X509Certificate(cert);
    return pair.checkIssued(new X509Certificate(caPem)) ? { key, cert, caPem, caFile } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function makeCertificate(now: Date): Promise<Omit<ServerCertificate, "caFile">> {
  const common = {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - dayMs),
    notAfterDate: new Date(now.getTime() + lifetimeMs),
  } as const;
  // Two CAs of one name would be taken for each other by who trusts both.
  const name = `Wharfgate one-machine CA ${randomBytes(4).toString("hex")}`;
  const ca = await generate([{ name: "commonName", value: name }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "localhost" }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  return { key: server.private, cert: server.cert, caPem: ca.cert };
}
