import { generate } from "selfsigned";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed certificate for 127.0.0.1, localhost and further names; its own CA. */
export async function makeCertificate(...names: readonly string[]): Promise<Certificate> {
  const made = await generate([{ name: "commonName", value: names[0] ?? "wharfgate test" }], {
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          ...names.map((value) => ({ type: 2 as const, value })),
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}
