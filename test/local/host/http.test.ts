import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { createRig, encode, type Rig, type RunningHost, takeAll, until } from "./running-host.ts";

let azurite: Azurite;
let rig: Rig;
let host: RunningHost;

beforeAll(async () => {
  azurite = await startAzurite({ data: "memory", log: () => undefined });
  rig = createRig(azurite);
  host = await rig.start();
});
afterAll(async () => {
  await rig.dispose();
  await azurite.stop();
});

describe("an HTTP function", () => {
  it("gets route, query, headers and body, and answers with status, headers, cookies and JSON", async () => {
    const response = await fetch(`${host.url}/API/Echo/caf%C3%A9/more?a=1&a=2&b=`, {
      method: "POST",
      headers: { "x-test": "yes" },
      body: "a body",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-method")).toBe("POST");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.getSetCookie()).toEqual([
      "seen=a%20b; Max-Age=60; Path=/; SameSite=Lax; HttpOnly",
    ]);
    expect(await response.json()).toEqual({
      params: { name: "café", extra: "more" },
      query: { a: "1,2", b: "" },
      header: "yes",
      body: "a body",
      settings: ["settings", "environment"],
    });
  });

  const answers: readonly [name: string, method: string, path: string, status: number, body: string][] = [
    ["leaves an optional parameter out", "GET", "/api/echo/x", 201, '{"params":{"name":"x"}'],
    ["prefers a literal route to a parameter", "GET", "/api/echo/fixed", 200, "fixed"],
    ["is 204 when it returns nothing", "GET", "/api/silent", 204, ""],
    [
      "is 404 for a wrong method",
      "PUT",
      "/api/echo/x",
      404,
      problem(404, "not-found", "There is no route PUT /api/echo/x: there is GET, POST"),
    ],
    [
      "is 404 outside of the prefix",
      "GET",
      "/echo/x",
      404,
      problem(404, "not-found", "There is no route GET /echo/x: the routes begin with /api/, "),
    ],
    [
      "is 404 for an unknown route",
      "GET",
      "/api/unknown",
      404,
      problem(404, "not-found", "There is no route GET /api/unknown: the routes are in "),
    ],
    [
      "is 404 for a broken escape",
      "GET",
      "/api/echo/%ff",
      404,
      problem(404, "not-found", "There is no route GET /api/echo/%ff"),
    ],
    ["is 500 without internals when it throws", "GET", "/api/boom", 500, ""],
    ["is 500 when it runs longer than functionTimeout", "GET", "/api/hang", 500, ""],
    ["is changed by invocation hooks", "GET", "/api/nothing", 200, "from the hook"],
  ];
  it.each(answers)("%s", async (_, method, path, status, body) => {
    const response = await fetch(`${host.url}${path}`, { method });
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(text.startsWith(body)).toBe(true);
    if (body === "") expect(text).toBe("");
  });

  it("refuses a body over 40 MiB", async () => {
    const response = await fetch(`${host.url}/api/echo/x`, {
      method: "POST",
      body: Buffer.alloc(40 * 1024 * 1024 + 1),
    });
    expect(response.status).toBe(413);
  });

  it("logs its invocation's end and its own words, through the log hook", async () => {
    await fetch(`${host.url}/api/echo/x`);
    await until("both are logged", () => /warn echo: \[hooked\] echoing x/.test(host.log()));
    expect(host.log()).toMatch(/info echo succeeded in \d+ ms \(GET\)/);
  });
});

/** How a problem document begins. */
function problem(status: number, code: string, detail: string): string {
  return JSON.stringify({ status, code, detail }).replace(/"}$/, "");
}

describe("keys", () => {
  const wrong = "wrong";
  const levels: readonly [name: string, path: string, header: Key, code: Key, status: number][] = [
    ["function: no key", "/api/guarded", "", "", 401],
    ["function: wrong key", "/api/guarded", wrong, "", 401],
    ["function: function key in the header", "/api/guarded", "function", "", 200],
    ["function: function key in the query", "/api/guarded", "", "function", 200],
    ["function: master key", "/api/guarded", "master", "", 200],
    ["function: the header beats the query", "/api/guarded", wrong, "function", 401],
    ["admin: function key", "/api/admins", "function", "", 401],
    ["admin: master key", "/api/admins", "master", "", 200],
    ["admin API: no key", "/admin/host/status", "", "", 401],
    ["admin API: function key", "/admin/host/status", "function", "", 401],
    ["admin API: master key", "/admin/host/status", "master", "", 200],
  ];
  it.each(levels)("%s", async (_, path, header, code, status) => {
    const url = new URL(path, host.url);
    if (code !== "") url.searchParams.set("code", keyOf(code));
    const headers = header === "" ? {} : { "x-functions-key": keyOf(header) };
    const response = await fetch(url, { headers });
    expect(response.status).toBe(status);
    if (status !== 401) return;
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const { detail } = (await response.json()) as { readonly detail: string };
    expect(detail).toMatch(
      header === "" && code === "" ? /^No key was sent: / : /^The key that was sent is not /,
    );
    expect(detail).toContain("x-functions-key");
    expect(detail).not.toContain(keyOf("master"));
  });
});

describe("the admin API", () => {
  const run = (name: string, body?: string): Promise<Response> =>
    fetch(`${host.url}/admin/functions/${name}`, {
      method: "POST",
      headers: { "x-functions-key": host.keys.masterKey },
      ...(body === undefined ? {} : { body }),
    });

  it("runs a timer function by hand", async () => {
    expect((await run("tick", "{}")).status).toBe(202);
    const { timer } = await until("it has run", () => rig.entries("tick", "begin")[0]);
    expect(timer).toMatchObject({ isPastDue: false });
  });

  it("runs a queue function by hand with its input, and sends its output", async () => {
    expect((await run("relay", JSON.stringify({ input: '{"by":"hand"}' }))).status).toBe(202);
    const [sent] = await until("it has sent", async () => {
      const found = await takeAll(rig.output);
      return found.length > 0 && found;
    });
    expect(sent).toBe(encode('{\n  "by": "hand"\n}'));
  });

  const refusals: readonly [name: string, functionName: string, body: string, status: number][] = [
    ["is 404 for an unknown function", "unknown", "{}", 404],
    ["is 400 for an HTTP function", "echo", "{}", 400],
    ["is 400 for a body that is not JSON", "tick", "{", 400],
  ];
  it.each(refusals)("%s", async (_, name, body, status) => {
    expect((await run(name, body)).status).toBe(status);
  });
});

describe("the loopback guard", () => {
  const approaches: readonly [name: string, headers: Record<string, string>, status: number][] = [
    ["lets its own Host pass", {}, 200],
    ["refuses a foreign Host", { host: "evil.example" }, 403],
    ["refuses a foreign Origin", { origin: "https://evil.example" }, 403],
  ];
  it.each(approaches)("%s", async (_, headers, status) => {
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      request(`${host.url}/api/echo/fixed`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(answered).toBe(status);
  });
});

type Key = "" | "wrong" | "function" | "master";

function keyOf(kind: Key): string {
  if (kind === "master") return host.keys.masterKey;
  return kind === "function" ? host.keys.functionKeys.default : "wrong";
}
