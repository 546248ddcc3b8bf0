import type { FileHandle } from "node:fs/promises";
import { abortFailure } from "../../http/network-failure.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { createWindow, openFile, pieces } from "./file-pieces.ts";
import { type LayoutFiles, mostFiles } from "./layout-files.ts";
import {
  blockBytes,
  isZeroBlock,
  paddedSize,
  parsePax,
  parseTarHeader,
  type TarHeader,
  text,
} from "./tar-header.ts";

/** Names longer than this are no names of a layout. */
const mostExtension = 64 * 1024;
/** What writers fill up to: GNU tar has records of 10 KiB, tapes have larger ones. */
const mostPadding = 1024 * 1024;

/**
 * Opens a tar file and finds its files by their headers alone, so that what is not wanted is never read. Nothing is
 * written anywhere. Throws `protocol` for a file that is malformed or breaks off, `blocked` for what no layout holds:
 * links, devices, paths that lead elsewhere, a name twice.
 */
export async function openTar(path: string, signal: AbortSignal): Promise<LayoutFiles> {
  const file = await openFile(path);
  try {
    const { size: total } = await file.stat();
    const entries = await scan({ file, total, place: printable(path) }, signal);
    return {
      place: printable(path),
      names: new Set(entries.keys()),
      size: (name) => entries.get(name)?.size,
      read: (name, { offset, signal }) => {
        const entry = entries.get(name);
        if (entry === undefined)
          throw new Failure("not-found", `${printable(path)} has no ${printable(name)}`);
        return pieces(file, { start: entry.at + offset, end: entry.at + entry.size }, signal);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Tar {
  readonly file: FileHandle;
  readonly total: number;
  readonly place: string;
}

interface Entry {
  readonly at: number;
  readonly size: number;
}

async function scan({ file, total, place }: Tar, signal: AbortSignal): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  const window = createWindow(file, total);
  let longName: string | undefined;
  let longSize: number | undefined;
  let headers = 0;
  for (let at = 0; ; ) {
    if (signal.aborted) throw abortFailure(signal.reason, "reading the tar file");
    const where = `${place}, byte ${at}`;
    const block = await window(at, blockBytes);
    if (block === undefined) throw brokenOff(place, total, "its end is missing");
    if (isZeroBlock(block)) {
      await requireEnd({ file, total, place }, at);
      if (longName !== undefined || longSize !== undefined)
        throw brokenOff(place, total, "a file is missing");
      return entries;
    }
    if (++headers > mostFiles * 2) {
      throw new Failure("too-large", `${place} has more than ${mostFiles} files: it is no bundle`);
    }
    const header = parseTarHeader(block, where);
    const size = isExtension(header) ? header.size : (longSize ?? header.size);
    const next = at + blockBytes + paddedSize(size);
    if (next > total) throw brokenOff(place, total, `"${printable(longName ?? header.name)}" is cut off`);
    const padding = await window(next - (paddedSize(size) - size), paddedSize(size) - size);
    if (padding === undefined || !isZeroBlock(padding)) {
      throw new Failure("blocked", `${where}: there is something between the end of this file and the next`);
    }
    if (isExtension(header)) {
      if (size > mostExtension)
        throw new Failure("too-large", `${where}: a name of ${size} bytes is not taken`);
      const body = (await window(at + blockBytes, size)) ?? Buffer.alloc(0);
      if (header.type === "L") longName = text(body, where);
      if (header.type === "x") {
        const { path, size: stated } = parsePax(body, where);
        longName = path ?? longName;
        longSize = stated ?? longSize;
      }
    } else {
      const name = layoutName(longName ?? header.name, header, where);
      if (name !== undefined) {
        if (entries.has(name)) throw new Failure("blocked", `${where}: "${printable(name)}" is there twice`);
        entries.set(name, { at: at + blockBytes, size });
      }
      [longName, longSize] = [undefined, undefined];
    }
    at = next;
  }
}

function isExtension({ type }: TarHeader): boolean {
  return type === "L" || type === "K" || type === "x";
}

const types: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a named pipe",
  g: "a header for all that follows",
  S: "a sparse file",
};

const plainPath = /^[\x20-\x5b\x5d-\x7e]+$/;

/** The name of a regular file, without `./`; undefined for a folder. Throws `blocked`. */
function layoutName(name: string, { type, size }: TarHeader, where: string): string | undefined {
  const shown = `${where}: "${printable(name)}"`;
  const folder = type === "5";
  if (type !== "0" && !folder) {
    throw new Failure(
      "blocked",
      `${shown} is ${types[type] ?? `of type "${printable(type)}"`}, which no bundle holds`,
    );
  }
  const plain = name.replace(/^(?:\.\/)+/, "").replace(folder ? /\/$/ : /^$/, "");
  if (folder && (plain === "" || plain === ".")) return undefined;
  if (folder && size !== 0) throw new Failure("protocol", `${shown} is a folder with contents`);
  if (
    plain.split("/").some((part) => part === "" || part === "." || part === "..") ||
    !plainPath.test(plain)
  ) {
    throw new Failure("blocked", `${shown} leads out of the bundle, or is no path`);
  }
  return folder ? undefined : plain;
}

/** Two zero blocks end a tar file; what follows may only fill up its last record. */
async function requireEnd({ file, total, place }: Tar, at: number): Promise<void> {
  if (total - at < 2 * blockBytes) throw brokenOff(place, total, "its end is missing");
  if (total - at > mostPadding)
    throw new Failure("blocked", `${place} has ${total - at} bytes after its end`);
  const rest = Buffer.alloc(total - at);
  await file.read(rest, 0, rest.length, at);
  if (!isZeroBlock(rest)) throw new Failure("blocked", `${place} has something after its end`);
}

function brokenOff(place: string, total: number, what: string): Failure {
  return new Failure(
    "protocol",
    `${place} breaks off after ${total} bytes: ${what}. Copy or export it again`,
  );
}
