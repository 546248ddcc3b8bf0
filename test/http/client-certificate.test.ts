import { describe, expect, it } from "vitest";
import { parseHostCertificate } from "../../shared/http/client-certificate.ts";
import { Failure } from "../../shared/model/failure.ts";
import { makeCertificate } from "../support/certificate.ts";
import { failureOf } from "../support/failures.ts";

const { cert, key } = await makeCertificate();
const other = await makeCertificate();
const files: Readonly<Record<string, string>> = {
  "/tls/cert.pem": cert,
  "/tls/key.pem": key,
  "/tls/x.pfx": "no PFX",
};
const read = (value: unknown) =>
  parseHostCertificate(JSON.stringify(value), (path) => {
    const content = files[path];
    if (content === undefined) throw new Failure("invalid", `the file ${path} cannot be read`);
    return Buffer.from(content);
  });

describe("parseHostCertificate", () => {
  it.each([
    ["PEM as it stands", { cert, key }],
    ["the paths of files", { cert: "/tls/cert.pem", key: "/tls/key.pem" }],
    ["both", { cert: "/tls/cert.pem", key }],
  ])("takes %s", (_name, value) => {
    expect(read({ host: "registry.corp:5443", ...value })).toEqual({
      host: "registry.corp:5443",
      certificate: { cert, key },
    });
  });

  it.each([
    ["no host", { cert, key }, "expected"],
    ["a certificate without its key", { host: "a.corp", cert }, "expected"],
    ["PEM and PFX", { host: "a.corp", cert, key, pfx: "/tls/x.pfx" }, "expected"],
    ["a passphrase that is none", { host: "a.corp", cert, key, passphrase: 7 }, "expected"],
    ["the key of another certificate", { host: "a.corp", cert, key: other.key }, "for a.corp cannot be used"],
    ["a PFX that is none", { host: "a.corp", pfx: "/tls/x.pfx" }, "for a.corp cannot be used"],
    ["a file that is not there", { host: "a.corp", pfx: "/tls/gone.pfx" }, "/tls/gone.pfx cannot be read"],
    ["null", null, "expected"],
    ["a word", "hunter2", "expected"],
  ])("does not take %s", async (_name, value, says) => {
    const { message } = await failureOf(() => read(value), "invalid");
    expect(message).toContain(says);
    expect(message).not.toMatch(/BEGIN|hunter2/);
  });

  it("does not quote what is no JSON", async () => {
    const failure = await failureOf(() => parseHostCertificate("hunter2", () => Buffer.alloc(0)), "invalid");
    expect(failure.message).not.toContain("hunter2");
  });
});
