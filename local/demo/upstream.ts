import type { LoopbackServer } from "../loopback-server.ts";
import { type RegistryOptions, startRegistry } from "../registry/registry.ts";
import { openStore } from "../registry/store/store.ts";
import { publishDemoVersion, seedDemo } from "./publish.ts";

export interface DemoUpstream extends LoopbackServer {
  /** Publishes a version of demo/web, such as `1.5.0`, and moves its floating tags onto it; see `publishDemoVersion`. */
  publish(version: string): Promise<"published" | "known">;
}

/** Starts a read-only registry that anybody may pull from, with the three demo images and their history. */
export async function startDemoUpstream(
  options: Omit<RegistryOptions, "access" | "mode">,
): Promise<DemoUpstream> {
  const store = openStore(options.root);
  await seedDemo(store);
  const server = await startRegistry({ ...options, access: { kind: "anonymous" }, mode: "read-only" });
  return {
    ...server,
    publish: (version) => publishDemoVersion(store, { version, day: "2026-11-24" }),
  };
}
