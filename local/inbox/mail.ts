/** What a mail says, decoded. Texts are as they came: whoever shows them must make them inert. */
export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly headers: [name: string, value: string][];
  readonly text: string;
  readonly html?: string | undefined;
}

/** Reads what our own notifier sends: headers with encoded words, multipart/alternative, base64 and quoted-printable. */
export function readMail(raw: Uint8Array): Mail {
  const root = readPart(Buffer.from(raw).toString("latin1"));
  const leaves = leavesOf(root, 0);
  const html = leaves.find(({ type }) => type === "text/html");
  const headers = root.headers.map(([name, value]) => [name, decodeWords(value)] satisfies [string, string]);
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";
  return {
    from: header("from"),
    to: header("to"),
    subject: header("subject"),
    headers,
    text: leaves.find(({ type }) => type === "text/plain")?.content ?? "",
    ...(html === undefined ? {} : { html: html.content }),
  };
}

interface Part {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** One character per byte. */
  readonly body: string;
}

interface Leaf {
  readonly type: string;
  readonly content: string;
}

const maxDepth = 3;

function readPart(source: string): Part {
  const end = source.indexOf("\r\n\r\n");
  const head = end < 0 ? source : source.slice(0, end);
  const headers = head
    .replace(/\r\n(?=[ \t])/g, "")
    .split("\r\n")
    .flatMap((line) => {
      const colon = line.indexOf(":");
      return colon <= 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
    });
  return { headers, body: end < 0 ? "" : source.slice(end + 4) };
}

function leavesOf(part: Part, depth: number): Leaf[] {
  const value = (wanted: string) => part.headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";
  const contentType = value("content-type");
  const type = /^[^;\s]+/.exec(contentType.toLowerCase())?.[0] ?? "text/plain";
  const boundary = parameter(contentType, "boundary");
  if (type.startsWith("multipart/") && boundary !== undefined && depth < maxDepth) {
    const pieces = `\r\n${part.body}`.split(`\r\n--${boundary}`).slice(1);
    const inner = pieces.filter((piece) => !piece.startsWith("--"));
    return inner.flatMap((piece) => leavesOf(readPart(piece.replace(/^[ \t]*\r\n/, "")), depth + 1));
  }
  const bytes = decodeTransfer(part.body, value("content-transfer-encoding").toLowerCase());
  const content = decodeText(bytes, parameter(contentType, "charset") ?? "utf-8");
  return [{ type, content: content.replace(/\r\n/g, "\n") }];
}

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s]+))`, "i").exec(header);
  return match?.[1] ?? match?.[2];
}

function decodeTransfer(body: string, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(body, "base64");
  if (encoding === "quoted-printable") return decodeQuoted(body.replace(/=[ \t]*\r\n/g, ""));
  return Buffer.from(body, "latin1");
}

function decodeQuoted(text: string): Buffer {
  const bytes = text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1");
}

/** RFC 2047 encoded words; blanks between two of them do not count. */
function decodeWords(value: string): string {
  return value
    .replace(/\?=[ \t]+=\?/g, "?==?")
    .replace(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (_, charset: string, encoding: string, text: string) =>
      decodeText(
        encoding.toLowerCase() === "b" ? Buffer.from(text, "base64") : decodeQuoted(text.replace(/_/g, " ")),
        charset,
      ),
    );
}

function decodeText(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // A charset that is not known.
    return bytes.toString("latin1");
  }
}
