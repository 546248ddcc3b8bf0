import { guardedLookup } from "./address-guard.ts";
import type { AgentOptions } from "./agent.ts";
import { createWires, type Wires } from "./wires.ts";

/** The wires of each origin that may have some. */
export interface OriginWires {
  /** For bodies that come from there; undefined where the ordinary client has to do. */
  from(url: URL): Wires | undefined;
  /** For bodies that go there. Not the same ones: a transfer waits for both, and must not wait for itself. */
  to(url: URL): Wires | undefined;
  /** What comes from there is not fit for them. */
  leave(url: URL): void;
  close(): void;
}

/**
 * Registries without TLS are reached over wires: they stand next door, and there the processor is what bounds a copy. With TLS
 * it is the cipher, or the distance. Nor are there any through a proxy.
 */
export function createOriginWires({ reach, proxies, bodies, resolve }: AgentOptions): OriginWires {
  const wires = new Map<string, Wires>();
  const left = new Set<string>();
  return {
    from: (url) => (left.has(url.origin) ? undefined : find(url, "from")),
    to: (url) => find(url, "to"),
    leave: (url) => void left.add(url.origin),
    close() {
      for (const each of wires.values()) each.close();
      wires.clear();
    },
  };

  function find(url: URL, way: "from" | "to"): Wires | undefined {
    if (url.protocol !== "http:" || bodies === undefined || bodies.each < 1) return undefined;
    if (proxies?.find(url) !== undefined) return undefined;
    const key = `${way} ${url.origin}`;
    const found =
      wires.get(key) ??
      createWires(url, { most: bodies.each, lookup: guardedLookup(reach.permit(url), resolve) });
    wires.set(key, found);
    return found;
  }
}
