import { describe, expect, it } from "vitest";
import type { FailureCode } from "../../shared/model/failure.ts";
import { statusFailure } from "../../shared/registry/status-failure.ts";

const now = new Date("2026-11-20T12:00:00Z");

function failureFor(status: number, body = "", headers: Record<string, string> = {}) {
  const url = new URL("https://registry.example/v2/app/manifests/1?sig=secret");
  const answer = { status, url, header: (name: string) => headers[name], body: Buffer.from(body) };
  return statusFailure(answer, { method: "GET", now });
}

describe("statusFailure", () => {
  it.each<[number, string, FailureCode]>([
    [400, "", "protocol"],
    [400, '{"errors":[{"code":"NAME_INVALID"}]}', "invalid"],
    [400, '{"errors":[{"code":"DIGEST_INVALID"}]}', "integrity"],
    [400, '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}', "unsupported"],
    [401, "", "unauthorized"],
    [403, '{"errors":[{"code":"DENIED"}]}', "forbidden"],
    [403, '{"errors":[{"code":"TOOMANYREQUESTS"}]}', "rate-limited"],
    [404, "", "not-found"],
    [405, '{"errors":[{"code":"UNSUPPORTED"}]}', "unsupported"],
    [408, "", "timeout"],
    [409, "", "conflict"],
    [412, "", "conflict"],
    [413, "", "too-large"],
    [416, "", "conflict"],
    [418, "", "protocol"],
    [429, "You have reached your pull rate limit", "rate-limited"],
    [500, "", "unavailable"],
    [501, "", "unsupported"],
    [503, "<html>", "unavailable"],
    [599, "", "unavailable"],
    [204, "", "protocol"],
  ])("reads %d with %j as %s", (status, body, code) => {
    expect(failureFor(status, body).code).toBe(code);
  });

  it.each([
    ["7", 7000],
    ["Fri, 20 Nov 2026 12:00:09 GMT", 9000],
    ["nonsense", undefined],
  ])("takes Retry-After %j over", (header, expected) => {
    expect(failureFor(503, "", { "retry-after": header }).retryAfterMs).toBe(expected);
  });

  it("tells where, and the error code, but nothing else of what was sent", () => {
    const body = '{"errors":[{"code":"DENIED","message":"secret","detail":"secret"}]}';
    const { message, context } = failureFor(403, body, { "www-authenticate": "secret" });
    expect(message).toContain(
      "GET https://registry.example/v2/app/manifests/1: the registry says 403 DENIED",
    );
    expect(JSON.stringify([message, context])).not.toContain("secret");
  });

  it.each([
    ['{"errors":[{"code":"<script>"}]}'],
    ['{"errors":[{"code":7}]}'],
    ['{"errors":{}}'],
    ["null"],
    ['{"errors":[null]}'],
  ])("does not take %s for an error code", (body) => {
    expect(failureFor(400, body).message).toContain("the registry says 400");
    expect(failureFor(400, body).message).not.toContain("<script>");
  });
});
