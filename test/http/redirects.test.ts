import { describe, expect, it } from "vitest";
import type { HttpRequest } from "../../shared/http/client.ts";
import { followRedirects } from "../../shared/http/redirects.ts";
import { failureOf } from "../support/failures.ts";

interface Step {
  readonly status: number;
  readonly location?: string;
}

/** Follows from https://a.example/start over the given answers; returns the requests that were sent. */
async function follow(steps: readonly Step[]): Promise<string[]> {
  const sent: string[] = [];
  const pending = [...steps];
  const request: HttpRequest = {
    method: "GET",
    url: new URL("https://a.example/start"),
    headers: { Authorization: "Bearer secret", accept: "text/plain" },
    maxBytes: 10,
    signal: new AbortController().signal,
  };
  await followRedirects(request, {
    send: async ({ url, headers = {} }) => {
      sent.push(`${url.href} ${Object.keys(headers).sort().join(",")}`);
      const step = pending.shift() ?? { status: 200 };
      return {
        status: step.status,
        url,
        header: (name) => (name === "location" ? step.location : undefined),
      };
    },
    discard: () => {},
  });
  return sent;
}

describe("followRedirects", () => {
  it.each<[string, Step[], string[]]>([
    ["nothing to follow", [{ status: 200 }], ["https://a.example/start Authorization,accept"]],
    [
      "a status that is no redirect",
      [{ status: 304, location: "/x" }],
      ["https://a.example/start Authorization,accept"],
    ],
    [
      "the same origin keeps the credential",
      [{ status: 307, location: "/next" }],
      ["https://a.example/start Authorization,accept", "https://a.example/next Authorization,accept"],
    ],
    [
      "another host loses the credential",
      [{ status: 302, location: "https://cdn.example/blob?sig=1" }],
      ["https://a.example/start Authorization,accept", "https://cdn.example/blob?sig=1 accept"],
    ],
    [
      "another port loses the credential",
      [{ status: 302, location: "https://a.example:8443/" }],
      ["https://a.example/start Authorization,accept", "https://a.example:8443/ accept"],
    ],
    [
      "the way back does not bring it back",
      [
        { status: 302, location: "https://b.example/" },
        { status: 302, location: "https://a.example/again" },
      ],
      [
        "https://a.example/start Authorization,accept",
        "https://b.example/ accept",
        "https://a.example/again accept",
      ],
    ],
  ])("%s", async (_name, steps, expected) => {
    expect(await follow(steps)).toEqual(expected);
  });

  it.each<[string, Step[], "blocked" | "protocol"]>([
    ["from https to http", [{ status: 302, location: "http://a.example/" }], "blocked"],
    ["to a file", [{ status: 302, location: "file:///etc/passwd" }], "blocked"],
    ["to nowhere", [{ status: 302 }], "protocol"],
    ["to what is no URL", [{ status: 302, location: "https://" }], "protocol"],
    ["for ever", Array.from({ length: 6 }, () => ({ status: 302, location: "/again" })), "protocol"],
  ])("does not follow %s", async (_name, steps, code) => {
    await failureOf(() => follow(steps), code);
  });
});
