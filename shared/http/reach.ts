import type { BlockList } from "node:net";
import { Failure } from "../model/failure.ts";
import { assertAddress } from "./address-guard.ts";
import type { HostRule, HostRules } from "./host-rules.ts";

/** What one registry's client may touch: the registry itself, and the token and blob hosts that it points to. */
export interface Reach {
  /** The private addresses that are fine at this URL; throws `blocked` for a scheme or IP literal that is not. */
  permit(url: URL): BlockList | undefined;
}

/**
 * The registry's own host name is held to its rule, on any port (its token service may be next door). Any other host
 * is held to https and public addresses, unless the registry is itself a private one and the other host is listed
 * too: a public upstream can so never lead us into the network.
 */
export function createReach(options: {
  readonly origin: URL;
  readonly rule: HostRule;
  readonly rules: HostRules;
}): Reach {
  const { origin, rule, rules } = options;
  const home = origin.hostname;
  return {
    permit(url) {
      const applied = ruleFor(url);
      const secure = url.protocol === "https:";
      const plain = url.protocol === "http:" && rule.scheme === "http" && applied?.scheme === "http";
      if (!secure && !plain) {
        throw new Failure(
          "blocked",
          `${origin.host} leads to ${url.protocol}//${url.host}, which is not https`,
        );
      }
      if (url.username !== "" || url.password !== "") {
        throw new Failure("blocked", `${origin.host} leads to a URL with a user name in it, at ${url.host}`);
      }
      const literal = ipLiteral(url.hostname);
      if (literal !== undefined) assertAddress(literal, url.hostname, applied?.addresses);
      return applied?.addresses;
    },
  };

  function ruleFor(url: URL): HostRule | undefined {
    if (url.hostname === home) return rule;
    return rule.addresses === undefined ? undefined : rules.find(url.host);
  }
}

function ipLiteral(hostname: string): string | undefined {
  if (hostname.startsWith("[")) return hostname.slice(1, -1);
  return /^[0-9.]+$/.test(hostname) ? hostname : undefined;
}
