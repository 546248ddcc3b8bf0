import { connect, type LookupFunction } from "node:net";

/**
 * One plain connection for large bodies. It reads into a few buffers of its own, and gives them out one after the other: nothing
 * is allocated while a blob goes through, and nothing is copied.
 */
export interface Wire {
  /** Bytes that have come and were not asked for yet, or the end of the connection. */
  readonly waiting: boolean;
  readonly broken: boolean;
  /** Somebody waits for what comes. */
  readonly asked: boolean;
  /** Resolves when the system has the bytes, which may be changed then; undefined when it has them at once. */
  write(bytes: Uint8Array | string): Promise<void> | undefined;
  /** What came next, valid until the next call; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Calls `expire` when nothing has come or gone for so long, and again after as long. */
  onIdle(ms: number, expire: () => void): void;
  destroy(why?: Error): void;
}

export interface WireOptions {
  readonly lookup: LookupFunction;
  /** The most that `next` gives at a time. */
  readonly pieceBytes: number;
}

const connectMs = 10_000;

export async function openWire(url: URL, { lookup, pieceBytes }: WireOptions): Promise<Wire> {
  // One is being read, one is in use, and one waits in between.
  const ring = Array.from({ length: 3 }, () => Buffer.allocUnsafeSlow(pieceBytes));
  const arrived: Uint8Array[] = [];
  let turn = 0;
  let inUse = false;
  let ended: Error | "end" | undefined;
  let asking: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  let whenIdle: (() => void) | undefined;

  const socket = connect({
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 80),
    lookup,
    noDelay: true,
    onread: {
      buffer: () => ring[turn++ % ring.length] ?? Buffer.alloc(0),
      callback: (count, buffer) => take(Buffer.from(buffer.buffer, buffer.byteOffset, count)),
    },
  });
  socket
    .on("error", end)
    .on("end", () => end("end"))
    .on("close", () => end("end"));
  socket.setTimeout(connectMs, () => socket.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  socket.removeAllListeners("timeout");
  socket.setTimeout(0).on("timeout", () => whenIdle?.());

  return {
    get waiting() {
      return arrived.length > 0 || ended !== undefined;
    },
    get broken() {
      return ended !== undefined;
    },
    get asked() {
      return asking !== undefined;
    },
    write(bytes) {
      const written = Promise.withResolvers<void>();
      socket.write(bytes, (error) => {
        if (error) written.reject(error);
        else written.resolve();
      });
      // A refusal is for whoever waits; where nobody has to, `next` tells of it.
      written.promise.catch(() => {});
      return socket.writableLength === 0 && !socket.destroyed ? undefined : written.promise;
    },
    async next() {
      const piece = arrived.shift();
      inUse = piece !== undefined;
      if (piece === undefined) {
        if (ended instanceof Error) throw ended;
        if (ended === "end") return undefined;
        asking = Promise.withResolvers();
      }
      socket.resume();
      return piece ?? asking?.promise;
    },
    onIdle(ms, expire) {
      whenIdle = expire;
      socket.setTimeout(ms);
    },
    destroy: (why) => void socket.destroy(why),
  };

  function take(piece: Uint8Array): boolean {
    const asked = asking;
    asking = undefined;
    if (asked === undefined) arrived.push(piece);
    else {
      inUse = true;
      asked.resolve(piece);
    }
    return arrived.length + (inUse ? 1 : 0) < ring.length - 1;
  }

  function end(why: Error | "end"): void {
    ended ??= why;
    const asked = asking;
    asking = undefined;
    if (ended instanceof Error) asked?.reject(ended);
    else asked?.resolve(undefined);
  }
}
