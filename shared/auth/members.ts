import { acr } from "./acr.ts";
import type { AuthMember } from "./auth-member.ts";
import { basic } from "./basic.ts";
import { bearer } from "./bearer.ts";

/** In the order of preference, should a registry offer several. */
export const authMembers: readonly AuthMember[] = [acr, bearer, basic];
