import { blockBytes, paddedSize, tarHeader } from "../../shared/registry/layout/tar-header.ts";

/** A tar file's parts, to be put together right or wrong. */
export interface TarPart {
  readonly name: string;
  readonly content?: Buffer | string;
  /** The type flag; a regular file unless told otherwise. */
  readonly type?: string;
  /** What the header says, whatever the content has. */
  readonly size?: number;
  /** Where a link leads. */
  readonly link?: string;
}

export const tarEnd = Buffer.alloc(2 * blockBytes);

export function tarOf(parts: readonly TarPart[], end: Buffer = tarEnd): Buffer {
  return Buffer.concat([...parts.map(tarPart), end]);
}

export function tarPart({ name, content = "", type = "0", size, link }: TarPart): Buffer {
  const body = Buffer.from(content);
  const header = tarHeader(name, size ?? body.length);
  const block = header.subarray(header.length - blockBytes);
  block.write(type, 156);
  if (link !== undefined) block.write(link, 157);
  return Buffer.concat([withSum(header), body, Buffer.alloc(paddedSize(body.length) - body.length)]);
}

/** The header with the sum of its last block put right. */
export function withSum(header: Buffer): Buffer {
  const block = header.subarray(header.length - blockBytes);
  block.write("        ", 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

export function paxRecords(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const body = Buffer.byteLength(` ${key}=${value}\n`);
      const digits = [1, 2, 3, 4, 5].find((count) => String(body + count).length === count) ?? 6;
      return `${body + digits} ${key}=${value}\n`;
    })
    .join("");
}
