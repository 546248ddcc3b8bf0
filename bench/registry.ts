import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findPort } from "./free-port.ts";

/** Debian's docker-registry on memory-backed storage, which tells what it was asked and what that cost. */
export interface BenchRegistry {
  readonly host: string;
  /** Since it started: user and system. */
  cpuSeconds(): Promise<number>;
  /** Since it started: requests of clients, and bytes in the bodies of its answers. */
  counts(): Promise<{ readonly requests: number; readonly bytes: number }>;
  stop(): Promise<void>;
}

const memory = "/dev/shm";
/** Of the kernel's clock in /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const ticksPerSecond = 100;

export async function startBenchRegistry(program: string): Promise<BenchRegistry> {
  const folder = await mkdtemp(join(memory, "wharfgate-bench-"));
  const first = (await findPort(5000)).port;
  const second = (await findPort(5001, new Set([first]))).port;
  const [host, debug] = [`127.0.0.1:${first}`, `127.0.0.1:${second}`];
  const settings = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: host, debug: { addr: debug, prometheus: { enabled: true, path: "/metrics" } } },
  };
  const config = join(folder, "config.yml");
  // JSON is YAML.
  await writeFile(config, JSON.stringify(settings));
  const child = spawn(program, ["serve", config], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended at once`);
    if (
      await fetch(`http://${host}/v2/`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    host,
    async cpuSeconds() {
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    async counts() {
      const text = await (await fetch(`http://${debug}/metrics`)).text();
      const sumOf = (name: string) =>
        text
          .split("\n")
          .filter((line) => line.startsWith(`${name}{`))
          .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
      return {
        requests: sumOf("registry_http_requests_total"),
        bytes: sumOf("registry_http_response_size_bytes_sum"),
      };
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
