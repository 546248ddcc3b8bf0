import { describe, expect, it } from "vitest";
import { parseHead, plainLength, requestHead } from "../../shared/http/wire-head.ts";
import { failureOf } from "../support/failures.ts";

const parse = (text: string) => parseHead(Buffer.from(text, "latin1"), "GET http://x/");

describe("the head of an answer", () => {
  it("is read, names in lower case, and what follows is left", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-One: a\r\nx-one:\tb \r\nEmpty:\r\n\r\nabc";
    const head = parse(text);
    expect(head?.status).toBe(200);
    expect([...(head?.headers ?? [])]).toEqual([
      ["content-length", "3"],
      ["x-one", "a, b"],
      ["empty", ""],
    ]);
    expect(text.slice(head?.bytes)).toBe("abc");
  });

  it("is not whole before its end", () => {
    const text = "HTTP/1.1 204 \r\nA: b\r\n\r\n";
    for (let length = 0; length < text.length; length++) expect(parse(text.slice(0, length))).toBeUndefined();
    expect(parse(text)?.status).toBe(204);
  });

  it.each([
    ["another protocol", "HTTP/1.0 200 OK\r\n\r\n"],
    ["an interim status", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["no status", "HTTP/1.1 OK\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["something else", "<html>\r\n\r\n"],
    ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"],
    ["a bare line feed", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n"],
    ["a bare carriage return", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n"],
    ["a line without a name", "HTTP/1.1 200 OK\r\n: 3\r\n\r\n"],
    ["a zero byte", "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"],
    ["no end within 16 KiB", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(16_384)}`],
  ])("with %s is refused", async (_name, text) => {
    const failure = await failureOf(async () => parse(text), "protocol");
    expect(failure.message).toBe("GET http://x/: the answer is not proper HTTP");
  });

  it.each<[string, number | undefined]>([
    ["200 OK\r\nContent-Length: 12", 12],
    ["200 OK\r\nContent-Length: 12\r\nContent-Encoding: identity", 12],
    ["204 No Content", 0],
    ["200 OK", undefined],
    ["200 OK\r\nContent-Length: 1e3", undefined],
    ["200 OK\r\nContent-Length: -1", undefined],
    ["200 OK\r\nContent-Length: 12, 12", undefined],
    ["200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: chunked", undefined],
    ["200 OK\r\nContent-Length: 12\r\nContent-Encoding: gzip", undefined],
  ])("%s: a plain body of %s bytes", (text, expected) => {
    const head = parse(`HTTP/1.1 ${text}\r\n\r\n`);
    expect(head && plainLength(head)).toBe(expected);
  });
});

describe("the head of a request", () => {
  const url = new URL("http://registry.example:5000/v2/a/blobs/uploads/1?_state=a%20b");

  it("has its host and its headers", () => {
    expect(requestHead("PUT", url, { "content-length": "3" })).toBe(
      "PUT /v2/a/blobs/uploads/1?_state=a%20b HTTP/1.1\r\nhost: registry.example:5000\r\ncontent-length: 3\r\n\r\n",
    );
  });

  it.each([
    ["a line end in a value", { authorization: "Basic x\r\nx-evil: 1" }],
    ["a line end in a name", { "x\r\ny": "1" }],
    ["a name that is none", { "x y": "1" }],
  ])("is not built with %s", async (_name, headers) => {
    await failureOf(async () => requestHead("GET", url, headers), "internal");
  });
});
