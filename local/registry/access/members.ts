import type { Access, AccessOptions } from "./access.ts";
import { createAcrAccess } from "./acr.ts";
import { createBasicAccess } from "./basic.ts";

export function createAccess(options: AccessOptions): Access {
  switch (options.kind) {
    case "anonymous":
      return { authorize: () => ({ kind: "granted" }), answer: async () => false };
    case "basic":
      return createBasicAccess(options);
    case "acr":
      return createAcrAccess(options);
  }
}
