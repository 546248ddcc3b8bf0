import type { Credentials } from "../../shared/model/credential.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { Registries } from "../../shared/registry/registry.ts";

/** For methods that must not talk to a registry themselves. */
export const noRegistries: Registries = {
  open(host) {
    throw new Error(`no registry was to be opened, but ${host} was`);
  },
};

/** `env:HUB` for docker.io. */
export const oneCredential: Credentials = {
  async resolve(reference, host) {
    if (reference !== "env:HUB") throw new Failure("unauthorized", `there is no credential ${reference}`);
    if (host !== "docker.io") throw new Failure("blocked", `${reference} is not meant for ${host}`);
    return { username: "reader", password: "s3cret" };
  },
};
