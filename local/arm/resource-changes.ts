import { randomUUID } from "node:crypto";
import { type ArmAnswer, type ArmOperation, registryVersion } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import type { ArmFaults, WorkFault } from "./faults.ts";
import { atWork, type Work } from "./work.ts";

/** Changes of resources, as long-running operations with an Azure-AsyncOperation of their own. */
export interface ResourceChanges {
  /** Answers at once and works on; `describe` gives the resource with its state. */
  begin(change: Change): ArmAnswer;
  /** The state of a resource that is being changed, or whose change failed. */
  stateOf(path: string): "Creating" | "Failed" | undefined;
  /** GET of an operation's status. */
  readonly status: ArmOperation;
}

export interface Change {
  readonly origin: string;
  /** `/cacheRules/name`. */
  readonly path: string;
  readonly kind: "cacherules" | "credentialsets";
  readonly status: 200 | 201;
  readonly fault: WorkFault | undefined;
  readonly run: () => Promise<void>;
  readonly describe: () => unknown;
}

type State =
  | { readonly kind: "running" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: ArmError };

export function createResourceChanges({
  resourceId,
  faults,
  work,
}: {
  readonly resourceId: string;
  readonly faults: ArmFaults;
  readonly work: Work;
}): ResourceChanges {
  const operations = new Map<string, State>();
  const resources = new Map<string, State>();
  return {
    begin({ origin, path, kind, status, fault, run, describe }) {
      const id = `${kind}-${randomUUID()}`;
      const set = (state: State) => {
        operations.set(id, state);
        resources.set(path.toLowerCase(), state);
      };
      set({ kind: "running" });
      void work.run(async (signal) => {
        try {
          await atWork(fault, signal, (text) => new ArmError(400, "OperationFailed", text));
          await run();
          set({ kind: "done" });
        } catch (error) {
          const known =
            error instanceof ArmError ? error : new ArmError(500, "InternalServerError", "it failed");
          set({ kind: "failed", error: known });
        }
      });
      const location = `${origin}${resourceId}${path}/operationStatuses/${id}?api-version=${registryVersion}`;
      return { status, headers: { "Azure-AsyncOperation": faults.location ?? location }, body: describe() };
    },
    stateOf(path) {
      const state = resources.get(path.toLowerCase());
      if (state?.kind === "running") return "Creating";
      return state?.kind === "failed" ? "Failed" : undefined;
    },
    status: {
      id: "OperationStatuses_Get",
      method: "GET",
      apiVersion: registryVersion,
      path: /^\/(?:cacheRules|credentialSets)\/[^/]+\/operationStatuses\/([^/]+)$/i,
      handle({ parameters: [id = ""] }) {
        const state = operations.get(id);
        if (state === undefined) throw new ArmError(404, "OperationNotFound", `operation ${id} is not known`);
        if (state.kind === "running") return { status: 200, body: { name: id, status: "InProgress" } };
        if (state.kind === "done") return { status: 200, body: { name: id, status: "Succeeded" } };
        const { code, message } = state.error;
        return { status: 200, body: { name: id, status: "Failed", error: { code, message } } };
      },
    },
  };
}

const namePattern = /^[a-zA-Z0-9-]{5,50}$/;

/** As the specification bounds the names of cache rules and credential sets. */
export function checkName(name = ""): string {
  if (namePattern.test(name)) return name;
  throw new ArmError(
    400,
    "InvalidResourceName",
    `'${name.slice(0, 60)}' is not a name of 5 to 50 letters, digits and hyphens`,
  );
}
