import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { email } from "./email.ts";
import type { Notifier, NotifierMember, NotifierPorts } from "./notifier.ts";
import { teams } from "./teams.ts";

const members = [
  entry(teams), //
  entry(email),
];

/** A configured channel; holds its secrets and never shows them. */
export interface Channel {
  readonly name: string;
  readonly kind: string;
  open(ports: NotifierPorts): Notifier;
}

/** Reads one channel's configuration, `{"kind":"teams","webhookUrl":"https://…"}` as JSON text. Throws `invalid`. */
export function parseChannel(name: string, json: string): Channel {
  const config = parseJson(name, json);
  const kind = typeof config === "object" && config !== null && "kind" in config ? config.kind : undefined;
  const member = members.find((candidate) => candidate.kind === kind);
  if (member === undefined) {
    const kinds = members.map((candidate) => candidate.kind).join(", ");
    throw new Failure(
      "invalid",
      `channel ${printable(name)}: kind must be one of ${kinds}, as in {"kind":"teams","webhookUrl":"https://…"}`,
    );
  }
  try {
    return { name, kind: member.kind, open: member.parse(config) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `channel ${printable(name)}: ${error.message}`);
  }
}

function parseJson(name: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which holds secrets.
    throw new Failure("invalid", `channel ${printable(name)}: its configuration is not JSON`);
  }
}

function entry<Config>(member: NotifierMember<Config>) {
  return {
    kind: member.kind,
    parse(config: unknown): Channel["open"] {
      const parsed = member.parse(config);
      return (ports) => member.create(parsed, ports);
    },
  };
}
