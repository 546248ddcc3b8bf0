import { describe, expect, it } from "vitest";
import type { Event, EventKind } from "../../shared/model/event.ts";
import { toItem } from "../../shared/notifiers/item.ts";
import { summarize } from "../../shared/notifiers/summary.ts";
import { digestA, digestB, eventOf } from "./events.ts";

const kinds = (...list: EventKind[]) => list.map((kind) => eventOf(kind));
const at = (...times: string[]) => times.map((time) => eventOf("imported", { at: time }));

describe("summarize", () => {
  it.each<[string, readonly Event[], string]>([
    ["one import", kinds("imported"), "Imported: nginx:1.27.1"],
    ["one failure", kinds("failed"), "Import failed: nginx:1.27.1"],
    ["one moved tag", kinds("moved"), "Tag moved upstream: nginx:1.27.1"],
    ["one watch that is not checked", kinds("stale"), "Not checked for long: nginx:1.27.1"],
    ["two of a kind", kinds("imported", "imported"), "2 images imported"],
    [
      "one of each, most urgent first",
      kinds("updated", "imported", "watch-rejected", "dead-letter", "stale", "moved", "failed"),
      "1 import failed, 1 tag moved upstream, 1 check out of date, 1 message not processed, 1 watch rejected, 1 image imported, 1 tag updated",
    ],
    [
      "two of each",
      kinds(
        "failed",
        "failed",
        "moved",
        "moved",
        "dead-letter",
        "dead-letter",
        "watch-rejected",
        "watch-rejected",
        "updated",
        "updated",
      ),
      "2 imports failed, 2 tags moved upstream, 2 messages not processed, 2 watches rejected, 2 tags updated",
    ],
  ])("titles %s", (_, events, title) => {
    expect(summarize(events).title).toBe(title);
  });

  it.each([
    ["one moment", at("2026-11-22T03:40:12Z"), "2026-11-22 03:40 UTC"],
    ["one minute", at("2026-11-22T03:40:12Z", "2026-11-22T03:40:50Z"), "2026-11-22 03:40 UTC"],
    ["one day", at("2026-11-22T03:40:12Z", "2026-11-22T03:12:50Z"), "2026-11-22 03:12 to 03:40 UTC"],
    [
      "two days",
      at("2026-11-21T23:59:12Z", "2026-11-22T00:01:50Z"),
      "2026-11-21 23:59 to 2026-11-22 00:01 UTC",
    ],
  ])("dates %s", (_, events, when) => {
    expect(summarize(events).when).toBe(when);
  });
});

describe("an item", () => {
  it.each([
    [0, "0.0 s"],
    [949, "0.9 s"],
    [9_949, "9.9 s"],
    [9_950, "10 s"],
    [59_400, "59 s"],
    [59_600, "1 min 0 s"],
    [192_000, "3 min 12 s"],
    [7_500_000, "2 h 5 min"],
  ])("took %i ms: %s", (elapsedMs, text) => {
    expect(toItem(eventOf("imported", { elapsedMs })).asides).toContainEqual({ label: "Took", value: text });
  });

  it.each([
    [{ source: "docker.io/library/nginx", tag: "1" }, "nginx:1"],
    [{ source: "docker.io/grafana/grafana", tag: "11.0.0" }, "grafana/grafana:11.0.0"],
    [{ source: "ghcr.io/acme/app", tag: "2" }, "ghcr.io/acme/app:2"],
    [{ source: "ghcr.io/acme/app" }, "ghcr.io/acme/app"],
    [{ target: "r.example/app:1" }, "r.example/app:1"],
    [{ watch: "edge/nginx" }, "edge/nginx"],
    [{}, "unknown"],
  ])("of %j is called %s", (changes, name) => {
    expect(toItem({ key: "k", kind: "failed", at: "2026-11-22T03:40:12Z", ...changes }).name).toBe(name);
  });

  it("tells the digest that is held from the one upstream, and the new from the one before", () => {
    const labels = (kind: EventKind) =>
      toItem(eventOf(kind, { digest: digestB, previousDigest: digestA })).facts.map(({ label }) => label);
    expect(labels("moved")).toEqual(["Source", "Target", "Held", "Upstream"]);
    expect(labels("updated")).toEqual(["Source", "Target", "Before", "Digest"]);
  });

  it("names the watch once", () => {
    const rejected = toItem({
      key: "k",
      kind: "watch-rejected",
      at: "2026-11-22T03:40:12Z",
      watch: "edge/redis",
    });
    expect(rejected).toEqual({ name: "edge/redis", facts: [], asides: [] });
  });
});
