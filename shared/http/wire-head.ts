import { Failure } from "../model/failure.ts";

/** The head of an answer, and how many of the bytes at hand it took. */
export interface AnswerHead {
  readonly status: number;
  /** By lower-case name; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: number;
}

const largestHead = 16 * 1024;
const statusLine = /^HTTP\/1\.1 ([2-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/**
 * Reads the head of an HTTP/1.1 answer; undefined when more bytes are needed. It takes what servers send today and nothing
 * else: no folded lines, no bare line ends, no second length. Throws `protocol`.
 * Source: RFC 9112, sections 2 to 6.
 */
export function parseHead(bytes: Uint8Array, place: string): AnswerHead | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, largestHead)).toString(
    "latin1",
  );
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) {
    if (bytes.length < largestHead) return undefined;
    throw malformed(place);
  }
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = Number(statusLine.exec(first)?.[1]);
  if (Number.isNaN(status)) throw malformed(place);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = headerLine.exec(line) ?? [];
    if (name === "") throw malformed(place);
    const key = name.toLowerCase();
    const before = headers.get(key);
    if (before !== undefined && key === "content-length") throw malformed(place);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { status, headers, bytes: end + 4 };
}

/** The length of a body that needs no decoding; undefined for one that does, or has no length. */
export function plainLength({ status, headers }: AnswerHead): number | undefined {
  const length = headers.get("content-length");
  const encoding = headers.get("content-encoding") ?? "identity";
  if (headers.has("transfer-encoding") || encoding.toLowerCase() !== "identity") return undefined;
  if (status === 204 || status === 304) return 0;
  return length !== undefined && /^[0-9]{1,15}$/.test(length) ? Number(length) : undefined;
}

/** The head of a request, checked: no part of it can add a line. Throws `internal`. */
export function requestHead(method: string, url: URL, headers: Readonly<Record<string, string>>): string {
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (!lines.every((line, at) => (at === 0 ? /^[\x20-\x7e]+$/ : headerLine).test(line))) {
    throw new Failure("internal", `${method} ${url.origin}: the request could not be built`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function malformed(place: string): Failure {
  return new Failure("protocol", `${place}: the answer is not proper HTTP`);
}
