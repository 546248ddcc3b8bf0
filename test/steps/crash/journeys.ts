import { Failure } from "../../../shared/model/failure.ts";
import { fallbackTagOf } from "../../../shared/registry/cosign-tags.ts";
import { digestNamed, referTo } from "../../support/records.ts";
import {
  always,
  changed,
  checkedAfter,
  decides,
  denied,
  failing,
  gateSays,
  limited,
  mended,
  methodSays,
  proposedAndApplied,
  published,
  put,
  running,
  waiting,
  waitingForAnHour,
  withdrawn,
} from "./happenings.ts";
import type { Journey } from "./journey.ts";

const cosignTag = `${fallbackTagOf(digestNamed("a"))}.sig`;
const spdx = "application/spdx+json";
const versions = { Tags: "semver >=1" };
const floating = { Track: "latest" };

/**
 * Every way that an import can take, one line of the ledger after the other. Whoever adds a state, an outcome or a decision
 * adds a journey here that comes by it: crash.test.ts tells which one is missing.
 */
export const journeys: readonly Journey[] = [
  {
    name: "two versions",
    columns: versions,
    happens: [published({ "1.0.0": "a", "1.1.0": "b" })],
    target: { "1.0.0": "a", "1.1.0": "b" },
    told: ["imported 1.0.0", "imported 1.1.0"],
  },
  {
    name: "a version that takes its time",
    columns: versions,
    given: [methodSays(running, running)],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a version that fails in passing, and a channel that does",
    columns: versions,
    given: [
      methodSays(failing("unavailable")),
      ({ channel }) => void channel.faults.push(new Failure("unavailable", "503")),
    ],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a version that nobody may read",
    columns: versions,
    given: [always(failing("forbidden"))],
    happens: [published({ "1.0.0": "a" })],
    target: {},
    told: ["failed 1.0.0"],
  },
  {
    name: "a run that ends in a refusal",
    columns: versions,
    given: [always(running, failing("unsupported"))],
    happens: [published({ "1.0.0": "a" })],
    target: {},
    told: ["failed 1.0.0"],
  },
  {
    name: "a run that cannot be asked for a while",
    columns: versions,
    given: [methodSays(running, failing("network"))],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "an upstream that sets a limit, before the start and during the run",
    columns: versions,
    given: [methodSays(limited, running, limited)],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a floating tag that goes and comes back",
    columns: floating,
    happens: [published({ latest: "a" }), published({ latest: "b" }), published({ latest: "a" })],
    target: { latest: "a" },
    told: ["updated latest", "updated latest", "updated latest"],
  },
  {
    name: "a floating tag that moves on while its import waits for its next try",
    columns: floating,
    given: [
      (bench) => {
        const moving = failing("unavailable", () => put(bench.upstream, "library/app:latest", "b"));
        return methodSays(moving)(bench);
      },
    ],
    happens: [published({ latest: "a" })],
    target: { latest: "b" },
    told: ["updated latest"],
  },
  {
    name: "a floating tag that moves on while its import waits at a gate",
    columns: floating,
    given: [gateSays(waitingForAnHour, ({ upstream }) => put(upstream, "library/app:latest", "b"))],
    happens: [published({ latest: "a" }), published({ latest: "b" })],
    target: { latest: "b" },
    told: ["updated latest"],
  },
  {
    name: "a version that is pushed anew",
    columns: versions,
    happens: [published({ "1.0.0": "a" }), published({ "1.0.0": "b" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0", "moved 1.0.0"],
  },
  {
    name: "a version that somebody else has pushed to the target",
    columns: versions,
    given: [({ target }) => put(target, "m:1.0.0", "foreign")],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "foreign" },
    told: ["moved 1.0.0"],
  },
  {
    name: "a version that somebody else pushes to the target during the run",
    columns: versions,
    given: [
      (bench) => {
        const pushed = () => {
          put(bench.target, "m:1.0.0", "foreign");
          return running();
        };
        return always(pushed, () => ({ kind: "done" }))(bench);
      },
    ],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "foreign" },
    told: ["moved 1.0.0"],
  },
  {
    name: "a version that somebody else pushes to the target while it waits at a gate",
    columns: versions,
    given: [gateSays(waitingForAnHour, ({ target }) => put(target, "m:1.0.0", "foreign"))],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "foreign" },
    told: ["moved 1.0.0"],
  },
  {
    name: "a version that a gate denies",
    columns: versions,
    given: [gateSays(() => denied)],
    happens: [published({ "1.0.0": "a" })],
    target: {},
    told: ["denied 1.0.0"],
  },
  {
    name: "a version that waits for a person, and is denied then",
    columns: versions,
    given: [gateSays((ageMs) => (ageMs < 3_600_000 ? { ...waiting, on: "person" } : denied))],
    happens: [published({ "1.0.0": "a" })],
    target: {},
    told: ["denied 1.0.0", "waiting 1.0.0"],
  },
  {
    name: "a version that waits for its time, and comes in then",
    columns: versions,
    given: [gateSays(waitingForAnHour)],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a version that waits at a gate, then for its upstream, then takes its time",
    columns: versions,
    given: [gateSays(waitingForAnHour), methodSays(limited, running)],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "versions that a gate lets through, of which one is refused and the other runs",
    columns: versions,
    given: [
      gateSays(waitingForAnHour),
      ({ method, target }) => {
        method.always = {
          start: (order) => (order.target.tag === "1.0.0" ? failing("forbidden")() : running()),
          check: (order) => {
            target.tags.set(`${order.target.path}:${order.target.tag}`, order.source.digest);
            return { kind: "done" };
          },
        };
      },
    ],
    happens: [published({ "1.0.0": "a", "1.1.0": "b" })],
    target: { "1.1.0": "b" },
    told: ["failed 1.0.0", "imported 1.1.0"],
  },
  {
    name: "a version that is locked where the registry has locks",
    columns: { ...versions, Lock: "locked" },
    given: [
      ({ target }) => {
        target.locks = new Set();
      },
    ],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a floating tag whose earlier digests are kept",
    columns: { ...floating, Previous: "keep" },
    happens: [published({ latest: "a" }), published({ latest: "b" })],
    target: { latest: "b", "latest-20261122": "a" },
    told: ["updated latest", "updated latest"],
  },
  {
    name: "a version that is removed from the target, and repaired",
    columns: { ...versions, Drift: "repair" },
    happens: [published({ "1.0.0": "a" }), checkedAfter(({ target }) => void target.tags.delete("m:1.0.0"))],
    target: { "1.0.0": "a" },
    told: ["drifted 1.0.0", "imported 1.0.0", "repaired 1.0.0"],
  },
  {
    name: "a version that is overwritten at the target, and repaired",
    columns: { ...versions, Drift: "repair" },
    happens: [published({ "1.0.0": "a" }), checkedAfter(({ target }) => put(target, "m:1.0.0", "foreign"))],
    target: { "1.0.0": "a" },
    told: ["drifted 1.0.0", "imported 1.0.0", "repaired 1.0.0"],
  },
  {
    name: "a version that cools down",
    columns: { ...versions, Cooldown: "2h strict" },
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a version that is withdrawn while it cools down",
    columns: { ...versions, Cooldown: "300d strict" },
    happens: [published({ "0.1.0": "x", "0.2.0": "x", "0.3.0": "x", "1.0.0": "a" }), withdrawn("1.0.0")],
    target: {},
    told: ["denied 1.0.0"],
  },
  {
    name: "a version whose cooldown is skipped",
    columns: { ...versions, Cooldown: "300d strict" },
    happens: [published({ "1.0.0": "a" }), decides("skip-cooldown")],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a version that is approved",
    columns: { ...versions, Approval: "always" },
    happens: [published({ "1.0.0": "a" }), decides("approve")],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0", "waiting 1.0.0"],
  },
  {
    name: "a version that is refused, and whose row asks for no approval then",
    columns: { ...versions, Approval: "always" },
    happens: [published({ "1.0.0": "a" }), decides("refuse"), changed({ Approval: "never" })],
    target: {},
    told: ["waiting 1.0.0"],
  },
  {
    name: "a version that is re-pushed while it waits for a person, and accepted",
    columns: { ...versions, Approval: "always" },
    happens: [published({ "1.0.0": "a" }), published({ "1.0.0": "b" }), decides("accept")],
    target: { "1.0.0": "b" },
    told: ["moved 1.0.0", "updated 1.0.0", "waiting 1.0.0"],
  },
  {
    name: "a version that its watch excludes while it waits for a person",
    columns: { ...versions, Approval: "always" },
    happens: [published({ "1.0.0": "a" }), changed({ Exclude: "1.*" })],
    target: {},
    told: ["waiting 1.0.0"],
  },
  {
    name: "a moved tag that is accepted, and moves back",
    columns: versions,
    happens: [
      published({ "1.0.0": "a" }),
      published({ "1.0.0": "b" }),
      decides("accept"),
      published({ "1.0.0": "a" }),
    ],
    target: { "1.0.0": "b" },
    told: ["imported 1.0.0", "moved 1.0.0", "moved 1.0.0", "updated 1.0.0"],
  },
  {
    name: "a version whose pin is wrong, until the row is mended",
    columns: { ...versions, Pins: `1.0.0@${digestNamed("b")}` },
    happens: [published({ "1.0.0": "a" }), changed({ Pins: `1.0.0@${digestNamed("a")}` })],
    target: { "1.0.0": "a" },
    told: ["denied 1.0.0", "imported 1.0.0"],
  },
  {
    name: "a version that failed, and is tried again by a person",
    columns: versions,
    given: [always(failing("forbidden"))],
    happens: [published({ "1.0.0": "a" }), mended, decides("retry")],
    target: { "1.0.0": "a" },
    told: ["failed 1.0.0", "imported 1.0.0"],
  },
  {
    name: "versions that are superseded, and removed by a reviewed proposal",
    columns: { ...versions, Keep: "1" },
    happens: [
      published({ "1.0.0": "a" }),
      published({ "1.1.0": "b" }),
      published({ "1.2.0": "c" }),
      proposedAndApplied,
    ],
    target: { "1.2.0": "c" },
    told: ["imported 1.0.0", "imported 1.1.0", "imported 1.2.0", "removed 1.0.0", "removed 1.1.0"],
  },
  {
    name: "a watch that cannot be followed",
    columns: { ...versions, Approval: "sometimes" },
    happens: [published({ "1.0.0": "a" })],
    target: {},
    told: ["watch-rejected -"],
  },
  {
    name: "an image with a signature and an SBOM, and a signature that comes the day after",
    columns: { ...versions, Referrers: "all" },
    given: [
      ({ upstream }) => {
        put(upstream, `library/app:${cosignTag}`, "one signature");
        referTo(upstream, { subject: digestNamed("a"), name: "sbom", artifactType: spdx });
      },
    ],
    happens: [
      published({ "1.0.0": "a" }),
      checkedAfter(({ upstream }) => put(upstream, `library/app:${cosignTag}`, "two signatures")),
    ],
    target: { "1.0.0": "a", [cosignTag]: "two signatures" },
    told: ["imported 1.0.0"],
  },
  {
    name: "something that refers to another image than upstream says",
    columns: { ...versions, Referrers: "all" },
    given: [
      ({ upstream }) => {
        const list = upstream.listReferrers;
        const subject = digestNamed("another");
        referTo(upstream, { subject, name: "sbom", artifactType: spdx });
        upstream.listReferrers = (repository, _of, signal) => list(repository, subject, signal);
      },
    ],
    happens: [published({ "1.0.0": "a" })],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0", `denied ${fallbackTagOf(digestNamed("a"))}`],
  },
];
