import { describe, expect, it } from "vitest";
import { readMail } from "../../local/inbox/mail.ts";

function read(...lines: string[]) {
  return readMail(Buffer.from(lines.join("\r\n"), "utf8"));
}

describe("readMail", () => {
  it.each([
    ["plain", "Subject: hello", "hello"],
    ["folded", "Subject: one\r\n two", "one two"],
    ["base64 words", "Subject: =?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"],
    ["quoted words", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=", "Grüße an alle"],
    ["two words with a blank that does not count", "Subject: =?UTF-8?Q?a=20?= =?UTF-8?Q?b?=", "a b"],
    ["latin-1", "Subject: =?iso-8859-1?Q?=FC?=", "ü"],
    ["a charset that nobody knows", "Subject: =?x-none?Q?=41?=", "A"],
    ["a name in capitals", "SUBJECT: x", "x"],
    ["none", "From: a@example.com", ""],
  ])("reads a subject: %s", (_, header, subject) => {
    expect(read(header, "", "body").subject).toBe(subject);
  });

  it.each([
    ["7bit", "text", "text"],
    ["base64", "R3LDvMOf\r\nZQ==", "Grüße"],
    ["quoted-printable", "Gr=C3=BC=C3=9Fe =\r\nan alle=3D", "Grüße an alle="],
    ["8bit", "Grüße", "Grüße"],
  ])("reads a body in %s", (encoding, body, text) => {
    const headers = ["Content-Type: text/plain; charset=utf-8", `Content-Transfer-Encoding: ${encoding}`];
    expect(read(...headers, "", body).text).toBe(text);
  });

  it("reads both alternatives, nested too, and what surrounds them not", () => {
    const mail = read(
      'Content-Type: multipart/mixed; boundary="outer x"',
      "",
      "preamble",
      "--outer x",
      "Content-Type: multipart/alternative; boundary=inner",
      "",
      "--inner",
      "Content-Type: text/plain",
      "",
      "line one",
      "line two",
      "--inner",
      "Content-Type: text/html; charset=utf-8",
      "",
      "<p>rich</p>",
      "--inner--",
      "--outer x--",
      "epilogue",
    );
    expect(mail).toMatchObject({ text: "line one\nline two", html: "<p>rich</p>" });
  });

  it("looks no deeper than three levels", () => {
    const nested = (levels: number) => {
      const depths = Array.from({ length: levels }, (_, i) => i);
      const open = depths
        .map((i) => `Content-Type: multipart/mixed; boundary=b${i}x\r\n\r\n--b${i}x\r\n`)
        .join("");
      return readMail(Buffer.from(`${open}Content-Type: text/plain\r\n\r\ndeep`)).text;
    };
    expect(nested(3)).toBe("deep");
    expect(nested(4)).toBe("");
  });

  it.each([
    ["nothing", ""],
    ["no blank line", "Subject: x"],
    ["a boundary that never comes", "Content-Type: multipart/mixed; boundary=b\r\n\r\ntext"],
    ["multipart without a boundary", "Content-Type: multipart/mixed\r\n\r\ntext"],
    [
      "multipart in itself for ever",
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".repeat(50)}`,
    ],
  ])("survives %s", (_, raw) => {
    expect(readMail(Buffer.from(raw))).toMatchObject({
      headers: expect.any(Array),
      text: expect.any(String),
    });
  });
});
