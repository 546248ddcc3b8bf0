import type { CheckCredential } from "../../auth/credential-check.ts";
import type { Watch } from "../../documents/watch.ts";
import type { Policy } from "../../gates/policy.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { Sites } from "../../stores/sites.ts";

export interface NamePorts {
  readonly policy: Policy;
  /** Names of the configured channels. */
  readonly channels: readonly string[];
  readonly sites: Pick<Sites, "all">;
  readonly checkCredential: CheckCredential;
  /** `command`: a deployed app has settings of its own, which this process need not have. */
  readonly settingsOf: "app" | "command";
}

/** What a row names and nobody has: by the column, what there is, and how to add it. */
export interface MissingNames {
  readonly missing: readonly string[];
  /** Of what this process has no settings at all, while the app may have them. */
  readonly doubtful: readonly string[];
}

/**
 * Before a row is written: makes sure that there is all that it names, the credential included. Throws `invalid` with each that
 * is missing; returns what cannot be told here.
 */
export async function checkNames(
  watch: Watch,
  ports: NamePorts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { missing, doubtful } = await missingNames(watch, ports, signal);
  if (missing.length > 0) throw new Failure("invalid", missing.join("; "));
  return doubtful;
}

export async function missingNames(
  { gates, notify = [], handling, credential, source }: Watch,
  { policy, channels, sites, checkCredential, settingsOf }: NamePorts,
  signal: AbortSignal,
): Promise<MissingNames> {
  const missing: string[] = [];
  const doubtful: string[] = [];
  const look = (names: readonly string[], known: readonly string[], { say, doubt }: Wording): void => {
    for (const name of names.filter((each) => !known.includes(each))) {
      if (doubt !== undefined && settingsOf === "command" && known.length === 0) doubtful.push(doubt(name));
      else missing.push(say(name, known.length === 0 ? "there is none yet" : `there is ${listed(known)}`));
    }
  };
  const failed =
    credential === undefined ? undefined : problemOf(() => checkCredential(credential, source.host));
  if (failed !== undefined) missing.push(failed);
  look(gates.verify, [...policy.verifiers.keys()], {
    say: (name, rest) =>
      `Verify: the policy has no verifier "${name}", ${rest}: add it to "verifiers" of WHARFGATE_POLICY (docs/verification.md)`,
    doubt: (name) =>
      `Verify: this command has no WHARFGATE_POLICY, and cannot tell whether the app's policy has a verifier "${name}": without it, every import of this watch is denied`,
  });
  look(notify, channels, {
    say: (name, rest) =>
      `Notify: there is no channel "${name}", ${rest}: add it by the setting ${settingOf(name)} (docs/settings.md)`,
    doubt: (name) =>
      `Notify: this command has no channel's settings, and cannot tell whether the app has ${settingOf(name)}: without it, nobody is told`,
  });
  if (handling.site !== undefined) {
    look(
      [handling.site],
      (await sites.all(signal)).map(({ name }) => name),
      {
        say: (name, rest) =>
          `Site: there is no site "${name}", ${rest}: add it by wharfgate site add ${name} --key ${name}.pub.pem (docs/disconnected-sites.md)`,
      },
    );
  }
  return { missing, doubtful };
}

interface Wording {
  readonly say: (name: string, rest: string) => string;
  /** Absent: this process knows as well as the app does. */
  readonly doubt?: (name: string) => string;
}

function listed(names: readonly string[]): string {
  return printable([...names].sort().join(", "), 300);
}

function settingOf(channel: string): string {
  return `WHARFGATE_CHANNEL_${channel.toUpperCase().replaceAll("-", "_")}`;
}

function problemOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}
