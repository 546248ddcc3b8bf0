import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../../shared/model/failure.ts";
import type { AuthLevel } from "./bindings.ts";

/** The app's access keys, as the real host keeps them. All are secrets. */
export interface HostKeys {
  /** Opens everything, the admin API too. */
  readonly masterKey: string;
  /** Opens every function with authLevel `function`; at least one. */
  readonly functionKeys: Readonly<Record<string, string>>;
  /** By function name: keys that open that function only. */
  readonly functions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Reads the keys, and makes the file with random ones (mode 0600) when there is none. */
export function readOrCreateKeys(file: string): HostKeys {
  const keys = createKeys();
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new Failure("invalid", `The keys file ${file} cannot be written`, { cause: error });
    }
  }
  return parseKeys(file, readFileSync(file, "utf8"));
}

/** Random keys. */
export function createKeys(): HostKeys {
  const key = (): string => randomBytes(32).toString("base64url");
  return { masterKey: key(), functionKeys: { default: key() }, functions: {} };
}

/** Whether `key` opens a function of that level. */
export function opens(keys: HostKeys, { name, level, key }: KeyCheck): boolean {
  if (level === "anonymous") return true;
  if (key === undefined) return false;
  const accepted =
    level === "admin"
      ? [keys.masterKey]
      : [keys.masterKey, ...Object.values(keys.functionKeys), ...Object.values(keys.functions[name] ?? {})];
  return accepted.filter((known) => sameSecret(known, key)).length > 0;
}

export interface KeyCheck {
  /** Of the function; empty for the admin API. */
  readonly name: string;
  readonly level: AuthLevel;
  readonly key: string | undefined;
}

function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function parseKeys(file: string, text: string): HostKeys {
  const { masterKey, functionKeys = {}, functions = {} } = parseObject(text);
  if (typeof masterKey === "string" && masterKey !== "" && isKeyed(functionKeys)) {
    if (typeof functions === "object" && functions !== null && Object.values(functions).every(isKeyed)) {
      return { masterKey, functionKeys, functions: functions as HostKeys["functions"] };
    }
  }
  throw new Failure(
    "invalid",
    `${file} must hold { masterKey, functionKeys: { name: key }, functions: { name: { … } } }`,
  );
}

/** Anything that is not an object reads as an empty one. The text holds secrets, so no parse error may quote it. */
function parseObject(text: string): Partial<Readonly<Record<keyof HostKeys, unknown>>> {
  try {
    return { ...(JSON.parse(text) as object | null) };
  } catch {
    return {};
  }
}

function isKeyed(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((key) => typeof key === "string" && key !== "")
  );
}
