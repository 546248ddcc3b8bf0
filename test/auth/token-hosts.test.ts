import { describe, expect, it } from "vitest";
import { parseTokenHosts } from "../../shared/auth/token-hosts.ts";
import { failureOf } from "../support/failures.ts";

describe("parseTokenHosts", () => {
  it.each([
    { text: "registry.corp:5443=gitlab.corp", pins: [["registry.corp:5443", ["gitlab.corp"]]] },
    { text: "a.corp=t.corp:8443+u.corp", pins: [["a.corp", ["t.corp:8443", "u.corp"]]] },
    { text: "a.corp=t.corp, a.corp=u.corp:443", pins: [["a.corp", ["t.corp", "u.corp"]]] },
    { text: "index.docker.io=T.corp", pins: [["docker.io", ["t.corp"]]] },
    { text: "", pins: [] },
  ])("reads $text", ({ text, pins }) => {
    expect([...parseTokenHosts(text)]).toEqual(pins);
  });

  it.each([
    "registry.corp",
    "a=b=c",
    "a.corp=",
    "a.corp=*",
    "a.corp=https://t.corp",
    "=t.corp",
    "a.corp=*.corp",
  ])("refuses %s", async (text) => {
    await failureOf(() => parseTokenHosts(text), "invalid");
  });
});
