/** What a token allows on one repository or on the catalog, as in the token specification of Docker registries. */
export interface Grant {
  readonly type: "repository" | "registry";
  readonly name: string;
  readonly actions: readonly string[];
}

const maxScopes = 100;

/**
 * Reads the `scope` parameters of a token request: `repository:demo/web:pull,push`, several parted by spaces. What is
 * malformed grants nothing, so it is left out. Source: distribution.github.io/distribution/spec/auth/scope.
 */
export function parseScopes(parameters: readonly string[]): readonly Grant[] {
  const scopes = parameters.flatMap((parameter) => parameter.split(" "));
  return scopes.slice(0, maxScopes).flatMap((scope) => {
    const match = /^(repository|registry):([a-z0-9._/-]{1,255}):([a-z*_,]{1,100})$/.exec(scope);
    const [, type, name, actions] = match ?? [];
    if ((type !== "repository" && type !== "registry") || name === undefined || actions === undefined)
      return [];
    return [{ type, name, actions: actions.split(",") }];
  });
}

/** What is left of `grants` for somebody who may only read. */
export function onlyPull(grants: readonly Grant[]): readonly Grant[] {
  return grants.flatMap((grant) =>
    grant.type === "repository" && (grant.actions.includes("pull") || grant.actions.includes("*"))
      ? [{ ...grant, actions: ["pull"] }]
      : [],
  );
}

export function allows(
  grants: readonly Grant[],
  wanted: { type: string; name: string; action: string },
): boolean {
  return grants.some(
    (grant) =>
      grant.type === wanted.type &&
      grant.name === wanted.name &&
      (grant.actions.includes(wanted.action) || grant.actions.includes("*")),
  );
}
