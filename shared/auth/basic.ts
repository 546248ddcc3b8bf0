import type { Credential } from "../model/credential.ts";
import { Failure } from "../model/failure.ts";
import type { AuthMember, AuthPorts } from "./auth-member.ts";
import { basicHeader } from "./basic-header.ts";

/** User name and password with each request; read anew after a 401, since they may have been rotated. */
export const basic: AuthMember = {
  kind: "basic",
  accepts: (challenge, identity) => challenge.scheme === "basic" && identity.kind === "password",
  create(_challenge, ports) {
    let header: Promise<string> | undefined;
    let last: Credential | undefined;
    const read = () => {
      header = credentialFor(ports, last).then((credential) => {
        last = credential;
        return basicHeader(credential);
      });
      return header;
    };
    return { authorization: () => header ?? read(), renew: read };
  },
};

async function credentialFor({ identity, host }: AuthPorts, refused?: Credential): Promise<Credential> {
  if (identity.kind !== "password") {
    throw new Failure("unauthorized", `${host} asks for a user name and a password`);
  }
  const credential = await identity.credential(refused);
  if (credential.grant === undefined) return credential;
  throw new Failure("unauthorized", `${host} asks for a user name and a password, not for an identity token`);
}
