import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./certificate.ts";

export interface RegistryPeer {
  readonly host: string;
  readonly origin: string;
  stop(): Promise<void>;
}

export interface RegistryPeerOptions {
  readonly tls?: Certificate;
  readonly login?: { readonly username: string; readonly password: string };
  /** Off unless it is said, as in docker-registry itself. */
  readonly deletion?: "on";
}

/** Debian's docker-registry on a free port of loopback, with its blobs in a temporary folder. */
export async function startDockerRegistry(
  programs: { readonly "docker-registry": string; readonly htpasswd: string },
  { tls, login, deletion }: RegistryPeerOptions = {},
): Promise<RegistryPeer> {
  const folder = mkdtempSync(join(tmpdir(), "wharfgate-peer-"));
  const host = `127.0.0.1:${await freePort()}`;
  const settings: unknown = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, "data") },
      ...(deletion === "on" ? { delete: { enabled: true } } : {}),
    },
    http: {
      addr: host,
      ...(tls === undefined
        ? {}
        : { tls: { certificate: write("cert.pem", tls.cert), key: write("key.pem", tls.key) } }),
    },
    ...(login === undefined
      ? {}
      : {
          auth: {
            htpasswd: {
              realm: "peer",
              path: write("htpasswd", run(programs.htpasswd, ["-Bbn", login.username, login.password])),
            },
          },
        }),
  };
  // JSON is YAML.
  const child = spawn(programs["docker-registry"], ["serve", write("config.yml", JSON.stringify(settings))], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const origin = `${tls === undefined ? "http" : "https"}://${host}`;
  await untilListening(host, () => child.exitCode !== null);
  return {
    host,
    origin,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };

  function write(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }
}

/** Runs a program to its end; returns what it prints, and throws what it complains of. */
export function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return stdout;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function untilListening(host: string, ended: () => boolean): Promise<void> {
  const [hostname = "", port = ""] = host.split(":");
  for (;;) {
    if (ended()) throw new Error("docker-registry ended at once");
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
