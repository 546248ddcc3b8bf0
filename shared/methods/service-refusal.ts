import type { FailureCode } from "../model/failure.ts";
import type { Progress } from "./method.ts";

/** Texts in which ACR's import service and the copy tool say why they failed, with what that means for us. */
interface Rule {
  readonly pattern: RegExp;
  readonly code: FailureCode | "exists";
  /** What people can do; put behind the service's own words. */
  readonly advice: string;
}

// The first match counts: texts nest ("Error copying blobs: … 429 toomanyrequests"), and a deadline may be exceeded at a manifest.
// No bare numbers, since texts hold digests.
const rules: readonly Rule[] = [
  { pattern: /already exists in target registry|refusing to clobber/i, code: "exists", advice: "" },
  {
    pattern: /toomanyrequests|too many requests|rate limit|status code:? 429/i,
    code: "rate-limited",
    advice: "the upstream limits this address; name a credential in the watch",
  },
  { pattern: /deadline exceeded/i, code: "timeout", advice: "" },
  {
    pattern:
      /(?:more than|exceed\w*|maximum|limit)[^.]*\bmanifests?\b|\bmanifests?\b[^.]*\b(?:exceed|maximum|limit)/i,
    code: "unsupported",
    advice: "ACR imports at most 50 manifests per image; use the agent-pool or copy method",
  },
  {
    pattern: /RFC ?7233|range requests?|content-range/i,
    code: "unsupported",
    advice: "ACR reads only registries that serve byte ranges; use the agent-pool or copy method",
  },
  {
    pattern: /unauthorized|authentication (?:is )?required/i,
    code: "unauthorized",
    advice: "check the watch's credential",
  },
  {
    // https://aka.ms/acr/faq: "The operation is disallowed on this registry, repository or image."
    pattern: /\bdisallowed\b/i,
    code: "conflict",
    advice: "the repository, tag or manifest is locked at the registry, or the registry is read-only",
  },
  {
    pattern: /\bdenied\b|forbidden/i,
    code: "forbidden",
    advice: "check the credential's rights and the registry's network rules (allow trusted services)",
  },
  {
    pattern: /manifest[_ ]?unknown|name[_ ]?unknown|not ?found/i,
    code: "not-found",
    advice: "the source image is gone",
  },
  { pattern: /timed? ?out/i, code: "timeout", advice: "" },
  {
    pattern: /no such host|connection (?:refused|reset)|no route to host|tls: |x509|unexpected eof/i,
    code: "network",
    advice: "the upstream's hosts may not be allowed in the firewall",
  },
];

// "InvalidParameters: Error copying blobs" stands for nearly anything and often passes:
// https://github.com/Azure/acr/issues/632
const fallback: Rule = { pattern: /(?:)/, code: "unavailable", advice: "" };

/**
 * A tag that exists is `done`: a repeated start finds the tag that the first one made. The digest proof
 * follows in any case and tells our image from a foreign one.
 */
export function refusalFrom(text: string, link?: string): Progress {
  // Names and URLs say nothing of what went wrong, and may hold any word: quay.io/kuadrant/limitador/manifests/….
  const words = text.replace(/[\w.:@%-]*(?:\/[\w.:@%-]*)+/g, "");
  const { code, advice } = rules.find(({ pattern }) => pattern.test(words)) ?? fallback;
  const where = link === undefined ? {} : { link };
  if (code === "exists") return { kind: "done", ...where };
  return { kind: "refused", code, reason: advice === "" ? text : `${text} (${advice})`, ...where };
}
