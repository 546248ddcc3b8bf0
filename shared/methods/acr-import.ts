import type { Acr, AcrImportState } from "../azure/acr-port.ts";
import { type Credentials, requireLogin } from "../model/credential.ts";
import { Failure } from "../model/failure.ts";
import type { ImportOrder, Method, Operation, Progress } from "./method.ts";
import type { MethodMember, MethodPorts } from "./method-member.ts";
import { requireOwnTarget } from "./own-registry.ts";
import { refuseLasting } from "./refuse.ts";
import { requireWhole } from "./require-whole.ts";
import { refusalFrom } from "./service-refusal.ts";

/**
 * ACR's own service copies the image, all platforms, by Registries_ImportImage. The bytes leave from Azure's
 * addresses.
 */
export const acrImport = {
  kind: "acr-import",
  pulls:
    "ACR's service pulls each image whole from Azure's addresses, against the credential's quota, or without one against what those addresses share",
  create({ acr, credentials }: MethodPorts) {
    if (acr === undefined) {
      throw new Failure(
        "invalid",
        "the method acr-import needs an Azure Container Registry: set WHARFGATE_ACR_ID to its resource id",
      );
    }
    return createAcrImport({ acr, credentials });
  },
} as const satisfies MethodMember;

function createAcrImport({
  acr,
  credentials,
}: {
  readonly acr: Acr;
  readonly credentials: Credentials;
}): Method {
  return {
    start: (order, signal) =>
      refuseLasting(async () => {
        requireWhole(order, "ACR's import service");
        await requireOwnTarget(acr, order, signal);
        const { host, path: repository, digest } = order.source;
        const credential =
          order.credential === undefined
            ? undefined
            : requireLogin(await credentials.resolve(order.credential, host), host);
        return progressOf(
          await acr.startImport(
            {
              source: { host, repository, digest, ...(credential === undefined ? {} : { credential }) },
              target: {
                repository: order.target.path,
                ...(order.target.tag === undefined ? {} : { tag: order.target.tag }),
              },
              mode: modes[order.existing],
            },
            signal,
          ),
        );
      }),

    check: (_order, operation, signal) =>
      refuseLasting(async () => progressOf(await acr.checkImport(pathOf(operation), signal))),

    // The service offers no way to stop an import; one that is given up may still end, with the same digest.
    async cancel() {},
  };
}

const modes: Readonly<Record<ImportOrder["existing"], "NoForce" | "Force">> = {
  keep: "NoForce",
  replace: "Force",
};

function progressOf(state: AcrImportState): Progress {
  switch (state.kind) {
    case "running":
      return { kind: "running", operation: { path: state.path }, checkAfterMs: state.checkAfterMs };
    case "done":
    // The digest proof at the target decides what became of an import that the service no longer knows.
    case "forgotten":
      return { kind: "done" };
    case "failed":
      return refusalFrom(state.text);
  }
}

function pathOf(operation: Operation): string {
  const { path } = operation;
  if (typeof path === "string") return path;
  throw new Failure("internal", "an import's record holds no operation path");
}
