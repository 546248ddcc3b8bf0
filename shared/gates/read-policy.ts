import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Policy } from "./policy.ts";
import { parsePolicy } from "./policy-document.ts";

const mostBytes = 4 * 1024 * 1024;

/** The setting `WHARFGATE_POLICY`: the policy's JSON itself, or the path of a file with it. Throws `invalid`. */
export function readPolicy(setting: string): Policy {
  if (setting.startsWith("{")) return parsePolicy(setting, (path) => readText(path));
  const folder = dirname(resolve(setting));
  return parsePolicy(readText(setting), (path) => readText(resolve(folder, path)));
}

function readText(path: string): string {
  let size: number;
  try {
    ({ size } = statSync(path));
    if (size <= mostBytes) return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("invalid", `the file ${printable(path, 300)} cannot be read`, { cause });
  }
  throw new Failure(
    "invalid",
    `the file ${printable(path, 300)} has ${size} bytes: at most ${mostBytes} are read`,
  );
}
