import type { Watch } from "../../documents/watch.ts";
import { Failure } from "../../model/failure.ts";
import type { Registries } from "../../registry/registry.ts";

/** Tells each registry client which repositories this poll will read, so that it need not ask for a token for each. */
export function prepareSources(watches: readonly Watch[], registries: Registries): void {
  for (const [credential, sharing] of Map.groupBy(watches, (watch) => watch.credential)) {
    const hosts = Map.groupBy(sharing, ({ source }) => source.host);
    for (const [host, sources] of hosts) {
      try {
        registries.open(host, credential).prepare(sources.map(({ source }) => source.path));
      } catch (error) {
        // Each watch meets the same failure by itself, and keeps it as its trouble.
        if (!(error instanceof Failure)) throw error;
      }
    }
  }
}
