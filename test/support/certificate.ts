import { generate } from "selfsigned";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed certificate for 127.0.0.1, localhost and further names; its own CA. */
export function makeCertificate(...names: readonly string[]): Promise<Certificate> {
  return certificateFor(["localhost", ...names]);
}

/** As `makeCertificate`, that was good for a day in 2020. */
export function makeExpiredCertificate(...names: readonly string[]): Promise<Certificate> {
  return certificateFor(names, {
    notBeforeDate: new Date("2020-01-01T00:00:00Z"),
    notAfterDate: new Date("2020-01-02T00:00:00Z"),
  });
}

async function certificateFor(
  names: readonly string[],
  life: { readonly notBeforeDate?: Date; readonly notAfterDate?: Date } = {},
): Promise<Certificate> {
  const made = await generate([{ name: "commonName", value: names[1] ?? "wharfgate test" }], {
    keyType: "ec",
    algorithm: "sha256",
    ...life,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "subjectAltName",
        altNames: [{ type: 7, ip: "127.0.0.1" }, ...names.map((value) => ({ type: 2 as const, value }))],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}
