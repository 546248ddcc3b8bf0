import type { Values } from "../../shared/azure/tables.ts";
import type { WatchId } from "../../shared/documents/watch-id.ts";

/** The three watches that a first start begins with: one for each way in. */
export function demoWatches(
  upstreamHost: string,
): readonly { readonly id: WatchId; readonly columns: Values }[] {
  const common = { Schedule: "every 1m", ManagedBy: "demo" };
  return [
    {
      id: { group: "demo", name: "web" },
      columns: {
        ...common,
        Source: `${upstreamHost}/demo/web`,
        Tags: "semver >=1.2 <2",
        Keep: "3",
        Track: "latest",
        Target: "mirror/{repository}:{tag}",
        Method: "acr-import",
        Note: "the three newest 1.x, and latest by digest",
      },
    },
    {
      id: { group: "demo", name: "api" },
      columns: {
        ...common,
        Source: `${upstreamHost}/demo/api`,
        Tags: "semver ^2.0.0",
        Target: "mirror/{repository}:{tag}",
        Method: "agent-pool",
        Note: "all of 2.x, by a Task on the agent pool",
      },
    },
    {
      id: { group: "demo", name: "edge-agent" },
      columns: {
        ...common,
        Source: `${upstreamHost}/demo/edge-agent`,
        Tags: "semver >=1",
        Platforms: "linux/arm/v7",
        Target: "edge/{name}:{tag}",
        Method: "copy",
        Note: "for the gateways: must run on linux/arm/v7",
      },
    },
  ];
}
