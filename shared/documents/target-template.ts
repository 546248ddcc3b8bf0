import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseRepositoryPath, parseTag, type Repository } from "../model/reference.ts";

/** Where an image goes at the target registry: repository path and tag. */
export interface TargetName {
  readonly path: string;
  readonly tag: string;
}

/** Names the target of an upstream repository and tag. Throws `invalid` when the result is outside the grammar. */
export type TargetTemplate = (source: Repository, tag: string) => TargetName;

export const defaultTarget = "{host}/{repository}:{tag}";

const placeholders: Readonly<Record<string, (source: Repository, tag: string) => string>> = {
  // A port's colon and IPv6 brackets cannot stand in a repository path, nor can a - at its ends.
  host: ({ host }) => host.replaceAll(/[[\]:]+/g, "-").replaceAll(/^-|-$/g, ""),
  repository: ({ path }) => path,
  name: ({ path }) => path.slice(path.lastIndexOf("/") + 1),
  tag: (_, tag) => tag,
};

/**
 * Reads `mirror/{repository}:{tag}`; `:{tag}` is added when the text names no tag. Placeholders: {host}, {repository},
 * {name} (the repository's last part), {tag}. For `one` image the tag may be fixed.
 */
export function parseTarget(text: string, images: "many" | "one" = "many"): TargetTemplate {
  for (const [whole, name = ""] of text.matchAll(/\{([^}]*)\}?/g)) {
    if (!Object.hasOwn(placeholders, name) || !whole.endsWith("}")) {
      const known = Object.keys(placeholders).map((each) => `{${each}}`);
      throw new Failure(
        "invalid",
        `Target: "${printable(whole)}" is not a placeholder: use ${known.join(", ")}`,
      );
    }
  }
  const colon = text.indexOf(":");
  const pathPart = colon < 0 ? text : text.slice(0, colon);
  const tagPart = colon < 0 ? "{tag}" : text.slice(colon + 1);
  if (images === "many" && !tagPart.includes("{tag}")) {
    throw new Failure(
      "invalid",
      `Target: "${printable(text)}" would put every version under one tag: end it with :{tag}`,
    );
  }
  const fill = (part: string, source: Repository, tag: string): string =>
    part.replaceAll(/\{([^}]*)\}/g, (_, name: string) => placeholders[name]?.(source, tag) ?? "");
  const template: TargetTemplate = (source, tag) => ({
    path: parseRepositoryPath(fill(pathPart, source, tag)),
    tag: parseTag(fill(tagPart, source, tag)),
  });
  template({ host: "host", path: "repository" }, "tag");
  return template;
}
