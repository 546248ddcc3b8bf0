import { printable } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";

type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "optional"; readonly name: string };

/** A route such as `watches/{group}/{name?}/poll`, as ASP.NET templates without constraints, defaults or mixed segments. */
export interface RoutePattern {
  readonly segments: readonly Segment[];
}

/** Throws `unsupported` for a template that ASP.NET would read and this host would not. */
export function parseRoute(functionName: string, template: string): RoutePattern {
  const parts = template.replace(/^\/+|\/+$/g, "").split("/");
  const segments = parts.map((part, index): Segment => {
    const [, name, optional] = /^\{([A-Za-z_]\w*)(\?)?\}$/.exec(part) ?? [];
    const isLast = index === parts.length - 1;
    if (name !== undefined && (optional === undefined || isLast)) {
      return { kind: optional === undefined ? "parameter" : "optional", name };
    }
    if (part !== "" && !/[{}?#%\s]/.test(part)) return { kind: "literal", text: part.toLowerCase() };
    throw new Failure(
      "unsupported",
      `Function ${functionName}: the route "${printable(template)}" is not supported: use literals, {name}, and {name?} at the end`,
    );
  });
  return { segments };
}

/** The route's parameters, percent-decoded, or undefined when `path` (no slashes at its ends) does not match. */
export function matchRoute(
  { segments }: RoutePattern,
  path: string,
): Readonly<Record<string, string>> | undefined {
  const parts = path.split("/");
  if (parts.length > segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (part === undefined || part === "") {
      if (segment.kind === "optional") continue;
      return undefined;
    }
    const decoded = decode(part);
    if (decoded === undefined) return undefined;
    if (segment.kind !== "literal") parameters[segment.name] = decoded;
    else if (decoded.toLowerCase() !== segment.text) return undefined;
  }
  return parameters;
}

/** Sorts literal segments before parameters, so that `imports/recent` wins over `imports/{id}`. */
export function compareRoutes(a: RoutePattern, b: RoutePattern): number {
  return rank(a).localeCompare(rank(b));
}

function rank({ segments }: RoutePattern): string {
  const order = { literal: "0", parameter: "1", optional: "2" } as const;
  return segments.map(({ kind }) => order[kind]).join("");
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
