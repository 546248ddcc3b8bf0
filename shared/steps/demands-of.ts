import type { Watch } from "../documents/watch.ts";
import type { Demands } from "../gates/demands.ts";

/** What a poll knows of a tag that is to be brought in. */
export interface Arrival {
  readonly tag: string;
  /** `first`: the watch has never been polled before. */
  readonly poll: "first" | "later";
}

/** Pure: what a watch demands of the import of a tag. */
export function demandsOf({ gates }: Pick<Watch, "gates">, { tag, poll }: Arrival): Demands {
  const { pins, cooldown, approval, verify } = gates;
  const exempt = cooldown?.first === "exempt" && poll === "first";
  return {
    verify,
    ...(pins.size > 0 && { pin: pins.get(tag) ?? "unlisted" }),
    ...(cooldown && {
      cooldown: {
        minutes: cooldown.minutes,
        ...(exempt && { exempt: "the watch's first poll found it, so that its age is not known" }),
      },
    }),
    ...(approval !== "never" && { approval: "the watch wants every import approved" }),
  };
}
