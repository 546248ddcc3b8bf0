import { crc32 } from "node:zlib";

const maxStoredBytes = 65_535;
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/**
 * Gzip of `bytes` in stored blocks, without a time or a system's mark. A compressor's output differs from zlib to zlib
 * and from processor to processor, and with it every digest; this is the same everywhere. Source: RFC 1951, RFC 1952.
 */
export function gzipStored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [header];
  for (let start = 0; start === 0 || start < bytes.length; start += maxStoredBytes) {
    const block = bytes.subarray(start, start + maxStoredBytes);
    const last = start + maxStoredBytes >= bytes.length ? 1 : 0;
    parts.push(Uint8Array.of(last), uint16s(block.length, ~block.length & 0xffff), block);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([...parts, trailer]);
}

function uint16s(first: number, second: number): Uint8Array {
  return Uint8Array.of(first & 0xff, first >> 8, second & 0xff, second >> 8);
}
