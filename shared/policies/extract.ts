import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { compileWhole } from "./pattern.ts";

/** Takes the part of a tag that the scheme is to read. */
export interface Extract {
  /** As it was written. */
  readonly text: string;
  /** Undefined when the tag does not match. */
  from(tag: string): string | undefined;
}

const maxKey = 256;
const example = 'write for example "build-([0-9]+)" or "(.*)-b([0-9]+) => $1.$2"';

/**
 * Reads `<RE2 pattern>` or `<RE2 pattern> => <template>`. The pattern is anchored. Without a template the key is the group
 * `version`, else all groups joined by dots, else the whole tag. In a template `$1`, `$name` and `${name}` are groups.
 * Throws `invalid`.
 */
export function parseExtract(text: string): Extract {
  const arrow = text.lastIndexOf("=>");
  const pattern = compileWhole("Extract", (arrow < 0 ? text : text.slice(0, arrow)).trim());
  const names = Object.keys(pattern.namedGroups());
  const groups = pattern.groupCount();
  const pieces = arrow < 0 ? undefined : parseTemplate(text.slice(arrow + 2).trim(), { names, groups });
  return {
    text,
    from(tag) {
      const matcher = pattern.matcher(tag);
      if (!matcher.matches()) return undefined;
      const group = (which: string | number) => matcher.group(which) ?? "";
      const all = Array.from({ length: groups }, (_, index) => group(index + 1));
      const key =
        pieces?.map((piece) => ("group" in piece ? group(piece.group) : piece.text)).join("") ??
        (names.includes("version")
          ? group("version")
          : groups === 0
            ? tag
            : all.filter((part) => part !== "").join("."));
      return key === "" || key.length > maxKey ? undefined : key;
    },
  };
}

type Piece = { readonly text: string } | { readonly group: string | number };

function parseTemplate(
  template: string,
  { names, groups }: { readonly names: readonly string[]; readonly groups: number },
): readonly Piece[] {
  const refuse = (problem: string) =>
    new Failure("invalid", `Extract's template "${printable(template)}" ${problem}: ${example}`);
  if (template === "") throw refuse("is empty");
  return [...template.matchAll(/\$(?:\{(\w+)\}|(\d+|[a-zA-Z]\w*))|([a-zA-Z0-9._-]+)|(.)/gsu)].map(
    ([, braced, bare, literal, wrong]) => {
      if (wrong !== undefined)
        throw refuse(`has "${printable(wrong)}", which is neither of a tag nor a group`);
      if (literal !== undefined) return { text: literal };
      const name = braced ?? bare ?? "";
      if (/^\d+$/.test(name)) {
        if (Number(name) <= groups) return { group: Number(name) };
        throw refuse(`names group ${name}, and the pattern has ${groups}`);
      }
      if (names.includes(name)) return { group: name };
      throw refuse(`names the group ${name}, and the pattern has ${names.join(", ") || "none with a name"}`);
    },
  );
}
