import { describe, expect, it } from "vitest";
import { type HostLimits, parseLimits } from "../../shared/registry/limits.ts";
import { failureOf } from "../support/failures.ts";

describe("limits", () => {
  it.each<[string, string, string, HostLimits]>([
    ["of a host without any", "", "ghcr.io", { reserve: 0.2, counts: "requests" }],
    ["of Docker Hub, which counts pulls", "", "docker.io", { reserve: 0.2, counts: "pulls" }],
    ["of Quay, as known", "", "quay.io", { reserve: 0.2, counts: "requests", requestsPerSecond: 5 }],
    [
      "set for a host, all of them",
      "docker.io rps=5 concurrency=4 reserve=10%",
      "docker.io",
      { reserve: 0.1, counts: "pulls", requestsPerSecond: 5, connections: 4 },
    ],
    [
      "of a fraction",
      "a.example rps=0.5",
      "a.example",
      { reserve: 0.2, counts: "requests", requestsPerSecond: 0.5 },
    ],
    [
      "that keep what is known besides",
      "quay.io concurrency=2",
      "quay.io",
      { reserve: 0.2, counts: "requests", requestsPerSecond: 5, connections: 2 },
    ],
    ["taken back", "quay.io unlimited", "quay.io", { reserve: 0.2, counts: "requests" }],
    [
      "of a port",
      "a.example:5000 rps=1",
      "a.example:5000",
      { reserve: 0.2, counts: "requests", requestsPerSecond: 1 },
    ],
    ["of another port", "a.example:5000 rps=1", "a.example", { reserve: 0.2, counts: "requests" }],
    [
      "by suffix",
      "*.corp rps=50",
      "hub.dev.corp:5000",
      { reserve: 0.2, counts: "requests", requestsPerSecond: 50 },
    ],
    [
      "by the longest suffix",
      "* rps=9; *.corp rps=50; *.dev.corp rps=7",
      "hub.dev.corp",
      { reserve: 0.2, counts: "requests", requestsPerSecond: 7 },
    ],
    [
      "by a suffix, which is not the name itself",
      "*.corp rps=50",
      "corp:5000",
      { reserve: 0.2, counts: "requests" },
    ],
    [
      "by the host before any suffix, over lines",
      "*.corp rps=50\nhub.corp reserve=0%",
      "hub.corp",
      { reserve: 0, counts: "requests" },
    ],
  ])("%s", (_, text, host, limits) => {
    expect(parseLimits(text).of(host)).toEqual(limits);
  });

  it.each([
    ["docker.io", "sets nothing"],
    ["docker.io rps", '"rps" where rps='],
    ["docker.io rps=0", '"rps=0" where rps='],
    ["docker.io rps=1e9", '"rps=1e9" where rps='],
    ["docker.io rps=10001", '"rps=10001" where rps='],
    ["docker.io concurrency=1.5", '"concurrency=1.5" where rps='],
    ["docker.io concurrency=0", '"concurrency=0" where rps='],
    ["docker.io reserve=20", '"reserve=20" where rps='],
    ["docker.io reserve=100%", '"reserve=100%" where rps='],
    ["docker.io burst=3", '"burst=3" where rps='],
    ["docker.io rps=1; docker.io rps=2", "another entry has already"],
    ["https://docker.io rps=1", 'begins with "https://docker.io", which is not a host'],
    ["*corp rps=1", 'begins with "*corp", which is not a host'],
    ["rps=1", 'begins with "rps=1", which is not a host'],
  ])("refuses %j: %s", async (text, why) => {
    const { message } = await failureOf(async () => parseLimits(text), "invalid");
    expect(message).toContain(why);
    expect(message).toContain('a correct list is "docker.io reserve=20%;');
  });
});
