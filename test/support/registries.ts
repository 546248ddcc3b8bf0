import {
  type ClosableRegistries,
  createRegistries,
  type RegistriesOptions,
} from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { Failure } from "../../shared/model/failure.ts";

export const user = { username: "robot", password: "tr0ub4dor-and-3" } as const;

/** Clients that may talk to loopback alone; `env:ROBOT` is a credential. */
export function loopbackRegistries(options: Partial<RegistriesOptions> = {}): ClosableRegistries {
  return createRegistries({
    rules: parseHostRules("http://127.0.0.1:*=127.0.0.0/8"),
    credentials: {
      resolve: async (reference) => {
        if (reference === "env:ROBOT") return user;
        throw new Failure("unauthorized", `there is no credential ${reference}`);
      },
    },
    ...options,
  });
}

export const never = new AbortController().signal;
