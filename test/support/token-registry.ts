import { startLoopbackServer } from "../../local/loopback-server.ts";

/** An answer of the token service: the scopes that it grants of those asked for, or the status by which it refuses. */
type Grant = readonly string[] | number;

/** A registry of one tag in every repository, with a token service of its own. */
export interface TokenRegistry {
  readonly host: string;
  /** Repositories of each token request. */
  readonly asked: (readonly string[])[];
  /** Statuses of the registry's own answers, in order. */
  readonly statuses: number[];
  /** By default it grants all. */
  grant: (repositories: readonly string[]) => Grant;
  /** By which the registry refuses a token that does not cover the repository. Default 401. */
  refusal: 401 | 403;
  /** `error` of its challenges, beside realm, service and scope. */
  challengeError: string | undefined;
  /** Waited for before a request for tags is answered. */
  gate: Promise<void>;
  /** No token that was given so far is taken any more. */
  revoke(): void;
  close(): Promise<void>;
}

export async function startTokenRegistry(): Promise<TokenRegistry> {
  const tokens = new Map<string, readonly string[]>();
  const server = await startLoopbackServer({
    handler: async (request, response) => {
      const url = new URL(request.url ?? "", "http://registry");
      if (url.pathname === "/token") {
        const asked = url.searchParams.getAll("scope").map((scope) => scope.split(":")[1] ?? "");
        registry.asked.push(asked);
        const granted = registry.grant(asked);
        if (typeof granted === "number") return response.writeHead(granted).end();
        const token = `token-${registry.asked.length}`;
        tokens.set(token, granted);
        return response.end(JSON.stringify({ token, expires_in: 300 }));
      }
      await registry.gate;
      const repository = url.pathname.slice("/v2/".length, -"/tags/list".length);
      const granted = tokens.get(request.headers.authorization?.slice("Bearer ".length) ?? "");
      const status = granted?.includes(repository) ? 200 : granted === undefined ? 401 : registry.refusal;
      registry.statuses.push(status);
      if (status === 200) return response.end(JSON.stringify({ name: repository, tags: ["a"] }));
      const error = registry.challengeError;
      response.setHeader(
        "www-authenticate",
        `Bearer realm="http://${server.host}/token",service="reg",scope="repository:${repository}:pull"${error === undefined ? "" : `,error="${error}"`}`,
      );
      return response.writeHead(status).end();
    },
  });
  const registry: TokenRegistry = {
    host: server.host,
    asked: [],
    statuses: [],
    grant: (repositories) => repositories,
    refusal: 401,
    challengeError: undefined,
    gate: Promise.resolve(),
    revoke: () => tokens.clear(),
    close: () => server.close(),
  };
  return registry;
}
