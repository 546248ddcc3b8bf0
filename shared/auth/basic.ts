import { Failure } from "../model/failure.ts";
import type { AuthMember, AuthPorts } from "./auth-member.ts";
import { basicHeader } from "./basic-header.ts";

/** User name and password with each request; read anew after a 401, since they may have been rotated. */
export const basic: AuthMember = {
  kind: "basic",
  accepts: (challenge, identity) => challenge.scheme === "basic" && identity.kind === "password",
  create(_challenge, ports) {
    let header: Promise<string> | undefined;
    const read = () => {
      header = headerOf(ports);
      return header;
    };
    return { authorization: () => header ?? read(), renew: read };
  },
};

async function headerOf({ identity, host }: AuthPorts): Promise<string> {
  if (identity.kind === "password") return basicHeader(await identity.credential());
  throw new Failure("unauthorized", `${host} asks for a user name and a password`);
}
