import { describe, expect, it } from "vitest";
import { parseChannel } from "../../shared/notifiers/members.ts";

const secret = "s3cr3t";
const email = {
  kind: "email",
  smtp: `smtps://u:${secret}@mail.example.com`,
  from: "wg@example.com",
  to: ["ops@example.com"],
};

describe("parseChannel", () => {
  it.each([
    [
      "teams",
      { kind: "teams", webhookUrl: `https://prod-1.westeurope.logic.azure.com/workflows/x?sig=${secret}` },
    ],
    ["teams", { kind: "teams", webhookUrl: "http://127.0.0.1:8025/webhook" }],
    ["teams", { kind: "teams", webhookUrl: "http://[::1]:8025/webhook" }],
    ["email", email],
    [
      "email",
      {
        ...email,
        from: "Wharf Gate <wg@example.com>",
        subjectPrefix: "[prod]",
        to: ["a@example.com", "B <b@example.com>"],
      },
    ],
  ])("reads %s", (kind, config) => {
    expect(parseChannel("ops", JSON.stringify(config))).toMatchObject({ name: "ops", kind });
  });

  it.each([
    [
      "text that is not JSON",
      `{"kind":"teams","webhookUrl":"https://x/${secret}`,
      "channel ops: its configuration is not JSON",
    ],
    ["no object", "null", "kind must be one of teams, email"],
    ["no kind", "{}", "kind must be one of teams, email"],
    ["another kind", `{"kind":"pager","url":"${secret}"}`, "kind must be one of teams, email"],
    ["a name of every object", `{"kind":"toString"}`, "kind must be one of teams, email"],
    ["a missing field", `{"kind":"teams"}`, "channel ops: webhookUrl"],
    [
      "http to elsewhere",
      `{"kind":"teams","webhookUrl":"http://x.example/${secret}"}`,
      "webhookUrl: must be an https URL",
    ],
    [
      "a host that looks local",
      `{"kind":"teams","webhookUrl":"http://127.0.0.1.example.com/${secret}"}`,
      "must be an https URL",
    ],
    [
      "a password in the URL",
      `{"kind":"teams","webhookUrl":"https://u:${secret}@x.example/"}`,
      "must be an https URL",
    ],
    [
      "a field too many",
      `{"kind":"teams","webhookUrl":"https://x.example/${secret}","proxy":1}`,
      'Unrecognized key: "proxy"',
    ],
    [
      "a prototype",
      `{"kind":"teams","webhookUrl":"https://x.example/${secret}","__proto__":{"a":1}}`,
      "Unrecognized key",
    ],
    ["no recipient", JSON.stringify({ ...email, to: [] }), "to: must name an address"],
    ["a recipient that is none", JSON.stringify({ ...email, to: ["ops"] }), "to.0: must be an address"],
    [
      "two in one",
      JSON.stringify({ ...email, to: ["a@example.com, b@example.com"] }),
      "to.0: must be an address",
    ],
    [
      "a header in the sender",
      JSON.stringify({ ...email, from: "a@example.com\r\nBcc: b@example.com" }),
      "from: must be an address",
    ],
    [
      "a header in the prefix",
      JSON.stringify({ ...email, subjectPrefix: "x\r\nBcc: b" }),
      "subjectPrefix: must be one line",
    ],
    [
      "another protocol",
      JSON.stringify({ ...email, smtp: `imap://u:${secret}@h` }),
      "smtp: must be smtp[s]://",
    ],
  ])("refuses %s, naming the field, without secrets", (_, json, message) => {
    const parse = () => parseChannel("ops", json);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: "invalid" }));
    expect(parse).not.toThrow(secret);
    expect(parse).not.toThrow(expect.objectContaining({ cause: expect.anything() }));
  });
});
