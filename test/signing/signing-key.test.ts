import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { digestOf } from "../../shared/model/digest.ts";
import { generateKeyPair, readSigningKey, readVerifyingKey } from "../../shared/signing/signing-key.ts";
import { failureOf } from "../support/failures.ts";

const pair = generateKeyPair();

it("signs with one half and verifies with the other, from texts or files", () => {
  const folder = mkdtempSync(join(tmpdir(), "wharfgate-keys-"));
  const [file, publicFile] = [join(folder, "key.pem"), join(folder, "key.pub.pem")];
  writeFileSync(file, pair.privatePem);
  writeFileSync(publicFile, pair.publicPem);
  const key = readSigningKey(file);
  rmSync(file);
  const verifying = readVerifyingKey(publicFile);
  rmSync(folder, { recursive: true });
  expect(verifying.id).toBe(key.public.id);
  expect(verifying.pem).toBe(pair.publicPem);
  const bytes = Buffer.from("what is signed");
  expect(verifying.verifies(bytes, key.sign(bytes))).toBe(true);
  expect(verifying.verifies(Buffer.from("what was signed"), key.sign(bytes))).toBe(false);
});

it("names a key by the digest of its DER", () => {
  const der = Buffer.from(pair.publicPem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  expect(readVerifyingKey(pair.publicPem).id).toBe(digestOf(der));
});

const rsa = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

it.each([
  ["a public key", pair.publicPem],
  ["an RSA key", rsa.privateKey],
  ["a broken one", pair.privatePem.slice(0, 60)],
  ["a file that is not there", "/nowhere/key.pem"],
])("refuses %s as a signing key", async (_name, reference) => {
  const { message } = await failureOf(() => readSigningKey(reference), "invalid");
  expect(message).not.toContain("MC4CAQAw");
});

it.each([
  ["a private key", pair.privatePem],
  ["an RSA key", rsa.publicKey],
  ["a broken one", pair.publicPem.slice(0, 60)],
])("refuses %s as a key to trust", async (_name, reference) => {
  await failureOf(() => readVerifyingKey(reference), "invalid");
});
