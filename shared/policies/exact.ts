import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { isTag } from "../model/reference.ts";
import type { PolicyMember } from "./policy.ts";

const maxTags = 500;

/**
 * The listed tags and no others, in the order of the list: the first counts as the newest. A listed tag that upstream does
 * not have yet is no error; it is chosen when it appears.
 */
export const exact: PolicyMember = {
  kind: "exact",
  parse(text) {
    const places = new Map(parseTags(text).map((tag, place) => [tag, place]));
    const placeOf = (tag: string) => places.get(tag) ?? places.size;
    return {
      kind: "name",
      refuse(tag) {
        if (places.has(tag)) return undefined;
        return { reason: "not-listed", detail: `${tag} is not one of those that exact lists` };
      },
      compare: (a, b) => placeOf(a) - placeOf(b),
      names: (tag) => places.has(tag),
    };
  },
};

function parseTags(text: string): readonly string[] {
  const tags = [...new Set(text.split(",").map((tag) => tag.trim()))];
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong === "") {
    throw new Failure(
      "invalid",
      'exact needs tags parted by commas: write for example "exact 1.27.1, 1.26.3"',
    );
  }
  if (wrong !== undefined) {
    throw new Failure(
      "invalid",
      `"${printable(wrong)}" in exact is not a tag: write for example "exact 1.27.1, 1.26.3"`,
    );
  }
  if (tags.length > maxTags) {
    throw new Failure(
      "invalid",
      `exact lists ${tags.length} tags, more than ${maxTags}: use semver with a range`,
    );
  }
  return tags;
}
