import type { Watch } from "../../documents/watch.ts";
import type { Demands } from "../../gates/demands.ts";

/** Pure: what a watch demands of the import of a tag. */
export function demandsOf({ gates }: Pick<Watch, "gates">, tag: string): Demands {
  const { pins, cooldown, approval, verify } = gates;
  return {
    verify,
    ...(pins.size > 0 && { pin: pins.get(tag) ?? "unlisted" }),
    ...(cooldown && { cooldown }),
    ...(approval !== "never" && { approval }),
  };
}
