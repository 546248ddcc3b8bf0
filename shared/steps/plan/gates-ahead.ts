import type { Watch } from "../../documents/watch.ts";
import { formatWatchId } from "../../documents/watch-id.ts";
import { formatMinutes } from "../../gates/cooldown.ts";
import { isExempt, strictest } from "../../gates/demands.ts";
import type { Policy } from "../../gates/policy.ts";
import { shortDigest } from "../../model/digest.ts";
import { demandsOf } from "../import/demands-of.ts";
import { type Known, sightingOf } from "../poll/sighting.ts";

/** Pure: what stands before the import of a tag, in words, as far as it is known before its digest is. */
export function gatesAhead(
  watch: Watch,
  tag: string,
  { policy, known }: { readonly policy: Policy; readonly known: Known },
): readonly string[] {
  const ofPolicy = policy.demandsOn({ source: watch.source, tag, watch: formatWatchId(watch) });
  if (ofPolicy === undefined) return ["denied: no rule of the policy names it"];
  const sighting = sightingOf(watch, tag, known);
  const { pin, cooldown, verify, approval } = strictest(demandsOf(watch, tag), ofPolicy, sighting);
  const major = approval === "major" ? sighting.major : undefined;
  return [
    ...(pin === "unlisted" ? ["denied: it has no pin"] : []),
    ...(pin !== undefined && pin !== "unlisted" ? [`pinned to ${shortDigest(pin)}`] : []),
    ...(cooldown && !isExempt(cooldown, sighting) ? [`cooldown ${formatMinutes(cooldown.minutes)}`] : []),
    ...(verify.length > 0 ? [`verified by ${verify.join(", ")}`] : []),
    ...(approval === "always" ? ["approval"] : []),
    ...(major === undefined ? [] : [`approval: ${major}`]),
  ];
}

/** Pure: the same for a row as a whole, as one sentence; undefined when it demands nothing. */
export function gatesOfRow(watch: Watch, policy: Policy): string | undefined {
  const { pins, cooldown, verify, approval } = watch.gates;
  const ofPolicy = policy.demandsOn({ source: watch.source, tag: "", watch: formatWatchId(watch) });
  const demands = [
    ...(ofPolicy === undefined ? ["nothing can: no rule of the policy names this watch's images"] : []),
    ...(ofPolicy?.rule === undefined ? [] : [ofPolicy.rule]),
    ...(pins.size > 0 ? [`the digests of Pins (${pins.size})`] : []),
    ...(cooldown
      ? [`a cooldown of ${formatMinutes(cooldown.minutes)}${cooldown.first === "strict" ? ", strict" : ""}`]
      : []),
    ...(verify.length > 0 ? [`the verifiers ${verify.join(", ")}`] : []),
    ...(approval === "never" ? [] : [approval === "always" ? "approval" : "approval of new major versions"]),
  ];
  return demands.length === 0 ? undefined : `What comes in must pass the gates: ${demands.join("; ")}.`;
}
