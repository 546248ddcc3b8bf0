import type { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import type { TokenCredential } from "@azure/identity";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { type AcrCall, armFailure } from "./acr-failure.ts";
import type { AcrResource } from "./acr-resource.ts";

type Sdk = ContainerRegistryManagementClient;

/** The SDK's client for one registry, with what its calls share. */
export interface AcrClient {
  readonly resource: AcrResource;
  /** Origin of Azure Resource Manager. */
  readonly origin: string;
  /** Runs one call of the SDK; whatever it throws becomes a `Failure` that says what was being done. */
  call<Result>(call: AcrCall, run: (sdk: Sdk) => Promise<Result>): Promise<Result>;
}

export function openAcrClient({
  resource,
  credential,
  armEndpoint,
}: {
  readonly resource: AcrResource;
  readonly credential: TokenCredential;
  readonly armEndpoint: string;
}): AcrClient {
  const origin = parseArmOrigin(armEndpoint);
  let opening: Promise<Sdk> | undefined;
  return {
    resource,
    origin,
    async call({ doing, right, signal }, run) {
      opening ??= open({ resource, credential, origin });
      const sdk = await opening;
      try {
        signal.throwIfAborted();
        return await run(sdk);
      } catch (error) {
        throw armFailure(error, { doing: `${doing} at registry ${resource.name}`, right, signal });
      }
    },
  };
}

async function open({
  resource,
  credential,
  origin,
}: {
  readonly resource: AcrResource;
  readonly credential: TokenCredential;
  readonly origin: string;
}): Promise<Sdk> {
  // Loading the SDK takes longer than registering all functions does, and most invocations never need it.
  const { ContainerRegistryManagementClient } = await import("@azure/arm-containerregistry");
  return new ContainerRegistryManagementClient(credential, resource.subscriptionId, {
    endpoint: origin,
    // The SDK would sleep for as long as Retry-After says, inside our invocation. Messages come back later at
    // no cost.
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [{ policy: stayOn(origin), position: "perCall" }],
  });
}

/**
 * The SDK follows a Location header with the ARM token in hand, wherever it leads. This runs before the
 * policy that adds the token, so that the token never leaves ARM.
 */
function stayOn(origin: string) {
  return {
    name: "stayOnArmOrigin",
    async sendRequest<Request extends { url: string }, Response>(
      request: Request,
      next: (request: Request) => Promise<Response>,
    ): Promise<Response> {
      requireOrigin(request.url, origin);
      return next(request);
    },
  };
}

/** Throws `blocked` for a URL that ARM's answer led to and that is not on ARM itself. */
export function requireOrigin(url: string, origin: string): URL {
  const target = URL.parse(url, origin);
  if (target?.origin === origin) return target;
  throw new Failure(
    "blocked",
    `Azure Resource Manager at ${origin} led to ${target === null ? "no URL" : target.origin}: refused, no token was sent`,
  );
}

function parseArmOrigin(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "https:" && url.pathname === "/" && url.username === "" && url.search === "") {
    return url.origin;
  }
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not an ARM endpoint: expected https://management.azure.com or that of another cloud`,
  );
}
