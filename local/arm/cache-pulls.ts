import { Failure, toFailure } from "../../shared/model/failure.ts";
import { parseRepository } from "../../shared/model/reference.ts";
import { OciError } from "../registry/oci-error.ts";
import type { Filled, PullThrough } from "../registry/pull-through.ts";
import { type ArmCache, type KeptRule, ruleFor } from "./cache.ts";
import type { ArmFaults } from "./faults.ts";
import type { Transfer, TransferSource } from "./transfer.ts";
import { atWork, type Work } from "./work.ts";

interface Service {
  readonly transfer: Pick<Transfer, "read" | "copy">;
  readonly faults: ArmFaults;
  readonly work: Work;
}

/** Fills the repositories of cache rules when they are pulled from. Nothing is filled before it is connected. */
export interface CachePulls extends PullThrough {
  connect(service: Service): void;
}

export function createCachePulls(cache: ArmCache): CachePulls {
  let service: Service | undefined;
  const onTheirWay = new Map<string, Promise<void>>();
  return {
    connect(given) {
      service = given;
    },
    find(repository) {
      const found = ruleFor(cache, repository);
      return service && found && fill(service, { ...found, repository });
    },
  };

  function fill(
    { transfer, faults, work }: Service,
    { rule, source, repository }: { rule: KeptRule; source: string; repository: string },
  ): Filled {
    const { host, path } = parseRepository(source);
    return {
      by: `cache rule '${rule.name}'`,
      async read(reference, purpose) {
        const from: TransferSource = { host, repository: path, reference, ...(await login(rule)) };
        try {
          const manifest = await transfer.read(from, AbortSignal.timeout(20_000));
          if (manifest === undefined || purpose === "look") return manifest;
          const { digest } = manifest.descriptor;
          const to = { repository, ...(reference === digest ? {} : { tag: reference }) };
          const key = `${repository} ${reference} ${digest}`;
          // Served from upstream meanwhile; what fails to come in comes in with a later pull.
          const copying =
            onTheirWay.get(key) ??
            work
              .run(async (signal) => {
                await atWork(faults.cache, signal, (text) => new Failure("unavailable", text));
                await transfer.copy({ ...from, reference: digest }, to, signal);
              })
              .catch(() => {})
              .finally(() => onTheirWay.delete(key));
          onTheirWay.set(key, copying);
          return manifest;
        } catch (error) {
          throw toOciError(error, rule);
        }
      },
      async settled() {
        const mine = [...onTheirWay].filter(([key]) => key.startsWith(`${repository} `));
        await Promise.all(mine.map(([, copying]) => copying));
      },
    };
  }

  async function login({ credentialSet, name }: KeptRule): Promise<Pick<TransferSource, "credential">> {
    if (credentialSet === undefined) return {};
    const set = cache.sets.get(credentialSet.toLowerCase());
    const username = set && (await cache.secret(set.usernameSecret));
    const password = set && (await cache.secret(set.passwordSecret));
    if (username !== undefined && password !== undefined) return { credential: { username, password } };
    throw new OciError(401, "UNAUTHORIZED", unauthorized(name));
  }
}

// In the service's words: https://github.com/Azure/acr/issues/599, https://github.com/Azure/acr/issues/754
const unauthorized = (rule: string) =>
  `authentication required with source registry for cache rule '${rule}'. For more information visit https://aka.ms/acr/cache`;

function toOciError(error: unknown, { name }: KeptRule): OciError {
  if (error instanceof OciError) return error;
  const failure = toFailure(error, "reading the source registry");
  switch (failure.code) {
    case "unauthorized":
    case "forbidden":
      return new OciError(401, "UNAUTHORIZED", unauthorized(name));
    case "rate-limited":
      return new OciError(
        429,
        "TOOMANYREQUESTS",
        `too many requests to source registry for cache rule '${name}'.`,
      );
    default:
      return new OciError(502, "UNKNOWN", `source registry for cache rule '${name}': ${failure.code}`);
  }
}
