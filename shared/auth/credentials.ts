import type { Credential, Credentials } from "../model/credential.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** Credentials by name, each pinned to the one registry host that may see it. */
export function createCredentials(
  known: ReadonlyMap<string, Credential & { readonly host: string }>,
): Credentials {
  return {
    resolve: async (reference, host) => {
      const name = /^env:(.+)$/.exec(reference)?.[1];
      const found = name === undefined ? undefined : known.get(name);
      if (name === undefined || found === undefined) {
        throw new Failure(
          "unauthorized",
          `There is no credential "${printable(reference)}": set WHARFGATE_CREDENTIAL_${printable(name ?? "NAME")}`,
        );
      }
      if (found.host !== host) {
        throw new Failure(
          "blocked",
          `The credential ${reference} is meant for ${found.host}, not for ${host}`,
        );
      }
      return { username: found.username, password: found.password };
    },
  };
}
