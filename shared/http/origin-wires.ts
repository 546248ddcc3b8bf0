import { guardedLookup } from "./address-guard.ts";
import type { AgentOptions } from "./agent.ts";
import { createWires, type Wires } from "./wires.ts";

/**
 * For bodies that come, for bodies that go, and for answers without a body. Each has wires of its own: a transfer waits for two
 * of them, and must not wait for itself, nor a HEAD for a transfer.
 */
export type Way = "from" | "to" | "heads";

/** The wires of each origin that may have some. */
export interface OriginWires {
  /** Undefined where the ordinary client has to do. */
  find(url: URL, way: Way): Wires | undefined;
  /** What comes from there is not fit for them. */
  leave(url: URL, way: Way): void;
  close(): void;
}

const pieceBytes = { from: 256 * 1024, to: 16 * 1024, heads: 4 * 1024 };

/**
 * Registries without TLS are reached over wires: they stand next door, and there the processor is what bounds a copy. With TLS
 * it is the cipher, or the distance. Nor are there any through a proxy.
 */
export function createOriginWires({ reach, proxies, wires: bounds, resolve }: AgentOptions): OriginWires {
  const opened = new Map<string, Wires>();
  const left = new Set<string>();
  return {
    find(url, way) {
      const most = way === "heads" ? bounds?.heads : bounds?.bodies;
      if (url.protocol !== "http:" || most === undefined || most < 1) return undefined;
      const key = `${way} ${url.origin}`;
      if (left.has(key)) return undefined;
      const found = opened.get(key);
      if (found !== undefined || proxies?.find(url) !== undefined) return found;
      const lookup = guardedLookup(reach.permit(url), resolve);
      const wires = createWires(url, { most, lookup, pieceBytes: pieceBytes[way] });
      opened.set(key, wires);
      return wires;
    },
    leave: (url, way) => void left.add(`${way} ${url.origin}`),
    close() {
      for (const each of opened.values()) each.close();
      opened.clear();
    },
  };
}
