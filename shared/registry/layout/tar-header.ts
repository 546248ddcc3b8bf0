import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";

/*
 * The blocks of a tar file, as POSIX.1-2001 (ustar, pax) and GNU tar have them.
 * Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */

export const blockBytes = 512;
/** Largest size that a header's eleven octal digits hold. */
const mostOctal = 8 ** 11 - 1;

export interface TarHeader {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly type: string;
}

/** Bytes of blocks that a file of `size` bytes takes, without its header. */
export function paddedSize(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads one header block; `where` names the file and place in messages. Throws `protocol`. */
export function parseTarHeader(block: Buffer, where: string): TarHeader {
  // Each byte of the sum's own field counts as a space. Some old writers added signed bytes: those are not read.
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (parseNumber(block.subarray(148, 156), where) !== sum) {
    throw new Failure(
      "protocol",
      `${where}: this is no tar header, or one that was changed (its sum is wrong): copy the file from its origin again`,
    );
  }
  const prefix =
    block.toString("latin1", 257, 263) === "ustar\0" ? text(block.subarray(345, 500), where) : "";
  const name = text(block.subarray(0, 100), where);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: parseNumber(block.subarray(124, 136), where),
    // Old writers have a zero byte for a file.
    type: block[156] === 0 ? "0" : block.toString("latin1", 156, 157),
  };
}

/** The header of a regular file; a pax header goes before it where its name does not fit. */
export function tarHeader(name: string, size: number): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length <= 100) return block(bytes, { size, type: "0" });
  const record = paxRecord("path", name);
  return Buffer.concat([
    block(Buffer.from("pax"), { size: record.length, type: "x" }),
    record,
    Buffer.alloc(paddedSize(record.length) - record.length),
    block(bytes.subarray(0, 100), { size, type: "0" }),
  ]);
}

/** `path` and `size` of a pax header's records. Throws `protocol` for what is malformed, `unsupported` for sparse files. */
export function parsePax(bytes: Buffer, where: string): { readonly path?: string; readonly size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? "" : bytes.toString("latin1", at, space);
    const end = at + (/^[1-9][0-9]{0,7}$/.test(digits) ? Number(digits) : 0);
    const equals = bytes.indexOf(0x3d, space);
    if (end <= at || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw new Failure("protocol", `${where}: its pax header is malformed`);
    }
    const key = bytes.toString("latin1", space + 1, equals);
    const value = text(bytes.subarray(equals + 1, end - 1), where);
    if (key.startsWith("GNU.sparse."))
      throw new Failure("unsupported", `${where}: sparse files are not taken`);
    if (key === "path") found.path = value;
    if (key === "size") {
      if (!/^[0-9]{1,15}$/.test(value))
        throw new Failure("protocol", `${where}: its pax header's size is none`);
      found.size = Number(value);
    }
    at = end;
  }
  return found;
}

function paxRecord(key: string, value: string): Buffer {
  const body = Buffer.byteLength(` ${key}=${value}\n`);
  // The length counts its own digits.
  const length = [1, 2, 3, 4].find((digits) => String(body + digits).length === digits) ?? 5;
  return Buffer.from(`${body + length} ${key}=${value}\n`);
}

function block(name: Uint8Array, { size, type }: { readonly size: number; readonly type: string }): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  bytes.set(name, 0);
  bytes.write("0000644\0", 100);
  bytes.write("0000000\0", 108);
  bytes.write("0000000\0", 116);
  if (size <= mostOctal) bytes.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  else {
    bytes[124] = 0x80;
    bytes.writeBigUInt64BE(BigInt(size), 128);
  }
  // No time: the same contents are always the same bytes, which is how an export that broke off goes on.
  bytes.write("00000000000\0", 136);
  bytes.write("        ", 148);
  bytes.write(type, 156);
  bytes.write("ustar\x0000", 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

/** Octal digits, or a big-endian number where the first bit is set (GNU, star). */
function parseNumber(field: Buffer, where: string): number {
  if ((field[0] ?? 0) & 0x80) {
    const value = BigInt(`0x${field.toString("hex")}`) - (1n << BigInt(field.length * 8 - 1));
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw new Failure("too-large", `${where}: a number of its header is negative or beyond all bounds`);
  }
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString("latin1"))?.[1];
  if (digits === undefined) throw new Failure("protocol", `${where}: a number of its header is none`);
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

/** Up to the first zero byte; what is not UTF-8 is not a name that we could know. */
export function text(field: Uint8Array, where: string): string {
  const end = field.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      end < 0 ? field : field.subarray(0, end),
    );
  } catch (error) {
    const shown = printable(Buffer.from(field).toString("latin1"), 60);
    throw new Failure("protocol", `${where}: the name "${shown}" is not UTF-8`, { cause: error });
  }
}
