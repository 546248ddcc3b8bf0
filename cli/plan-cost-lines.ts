import type { Spent } from "../shared/registry/counted.ts";
import type { ChangePlan } from "../shared/steps/plan/plan-change.ts";
import type { Cost } from "../shared/steps/plan/plan-cost.ts";
import { counted, sizeText } from "./output.ts";

/** What a change takes, and what asking took. */
export function costLines({ cost, nextPoll, spent }: ChangePlan): string[] {
  return [
    `  to move          ${movedText(cost)}`,
    `  pulls upstream   ${pullsText(cost)}`,
    `  first poll       ${spentText({ ...nextPoll, gets: 0 })}`,
    `  this plan asked  ${spentText(spent)}`,
  ];
}

function movedText({ images, measured, certainty, bytes, presentBytes }: Cost): string {
  if (images === 0) return "nothing";
  const least = certainty === "exact" ? "" : "at least ";
  const read =
    measured === images
      ? counted(images, "image")
      : `${measured} of ${counted(images, "image")}, the only ones read`;
  const present = presentBytes === 0 ? "" : `; ${sizeText(presentBytes)} more are at the target already`;
  return `${least}${sizeText(bytes)} for ${read}; shared layers counted once${present}`;
}

const words = { exact: "", about: "about ", "at-least": "at least " } as const;

function pullsText({ pulls }: Cost): string {
  const { kind, count, manifests, basis } = pulls;
  if (count === 0) return "none";
  return `${words[kind]}${count}, by ${words[kind]}${counted(manifests, "GET")} of manifests (one pull for each platform): ${basis}`;
}

function spentText({ pages, heads, gets }: Spent): string {
  const parts = [
    [pages, "page", " of tags"],
    [heads, "HEAD", " (no pull)"],
    [gets, "GET", " of manifests"],
  ] as const;
  const said = parts
    .filter(([count]) => count > 0)
    .map(([count, what, more]) => `${counted(count, what)}${more}`);
  return said.length === 0 ? "nothing of upstream" : said.join(", ");
}
