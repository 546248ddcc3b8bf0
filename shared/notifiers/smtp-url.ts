import { isLoopback } from "./loopback.ts";

/** Where and how mail is handed over. `tls`: `implicit` (smtps), `required` (STARTTLS or nothing), `none` (this machine only). */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "required" | "none";
  readonly credential?: { readonly user: string; readonly pass: string };
}

/** Reads `smtp[s]://user:pass@host:port` (ports 587 and 465 by default); undefined for anything else. */
export function readSmtpUrl(text: string): SmtpServer | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const secure = url.protocol === "smtps:";
  const rest = `${url.pathname.replace(/^\/$/, "")}${url.search}${url.hash}`;
  if ((!secure && url.protocol !== "smtp:") || url.hostname === "" || rest !== "") return undefined;
  const credential = credentialOf(url);
  if (credential === "unreadable") return undefined;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
    tls: secure ? "implicit" : isLoopback(url) ? "none" : "required",
    ...(credential === undefined ? {} : { credential }),
  };
}

function credentialOf({ username, password }: URL): SmtpServer["credential"] | "unreadable" {
  if (username === "") return undefined;
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  } catch {
    return "unreadable";
  }
}

const timeouts = {
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 30_000,
  dnsTimeout: 5_000,
};

/** Options of nodemailer's SMTP transport: never in the clear, except to this machine. */
export function smtpOptions({ host, port, tls, credential }: SmtpServer) {
  return {
    host,
    port,
    secure: tls === "implicit",
    requireTLS: tls === "required",
    ignoreTLS: tls === "none",
    ...timeouts,
    ...(credential === undefined ? {} : { auth: credential }),
  };
}
