import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCertificate } from "../../local/arm/certificate.ts";

const now = new Date();
const dayMs = 24 * 3600_000;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "wharfgate-certificate-"));
});
afterAll(() => rm(dir, { recursive: true }));

describe("openCertificate", () => {
  it("makes one for loopback names, issued by a CA of its own", async () => {
    const { cert, caPem, caFile } = await openCertificate(join(dir, "new"), now);
    const [server, ca] = [new X509Certificate(cert), new X509Certificate(caPem)];
    expect([server.checkIP("127.0.0.1"), server.checkIP("::1"), server.checkHost("localhost")]).not.toContain(
      undefined,
    );
    expect(server.verify(ca.publicKey)).toBe(true);
    expect([server.ca, ca.ca]).toEqual([false, true]);
    expect((await stat(caFile)).isFile()).toBe(true);
    expect((await stat(join(dir, "new", "server-key.pem"))).mode & 0o077).toBe(0);
  });

  it("keeps it over restarts, and renews it before it ends", async () => {
    const first = await openCertificate(join(dir, "kept"), now);
    expect(await openCertificate(join(dir, "kept"), new Date(now.getTime() + 300 * dayMs))).toEqual(first);
    const renewed = await openCertificate(join(dir, "kept"), new Date(now.getTime() + 340 * dayMs));
    expect(renewed.cert).not.toBe(first.cert);
  });

  it("replaces what does not fit together", async () => {
    const { caPem } = await openCertificate(join(dir, "other"), now);
    const before = await openCertificate(join(dir, "halves"), now);
    await writeFile(join(dir, "halves", "ca.pem"), caPem);
    const after = await openCertificate(join(dir, "halves"), now);
    expect(after.cert).not.toBe(before.cert);
  });
});
