import type { HttpAnswer } from "../http/client.ts";
import { nextLink } from "../http/link.ts";
import { Failure } from "../model/failure.ts";
import { type TagList, type TagPage, tagListOf } from "../model/tag-list.ts";
import { repositoryScope } from "./authorizer.ts";
import { largestPage, modestPage, pageRefusals } from "./hosts.ts";
import type { Session } from "./session.ts";
import { ociErrorCode } from "./status-failure.ts";
import { readTagPage } from "./tag-page.ts";

/** A million tags of a registry that gives a hundred at a time, and some more. */
const mostPages = 12_000;
/**
 * Registries give fifty tags a page and more. After so many pages a list with fewer than so many tags on each is not worth
 * its requests: it has no end, or is made to cost us something.
 */
const patientPages = 100;
const fewTags = 5;
/** Of all pages together, the links between them included. */
const mostBytes = 64 * 1024 * 1024;

export type ListTags = (repository: string, signal: AbortSignal) => Promise<TagList>;

/** Follows `Link: rel=next` as it is given, over at most 12,000 pages and 64 MiB; `protocol` for a listing in a cycle, or of nearly empty pages. */
export function createListTags(session: Session): ListTags {
  let pageSize = largestPage;

  return async (repository, signal) => {
    const pages: TagPage[] = [];
    const seen = new Set<string>();
    let found = 0;
    let bytesLeft = mostBytes;
    let answer = await firstPage(repository, signal);
    for (;;) {
      seen.add(answer.url.href);
      bytesLeft -= answer.body.length + answer.url.href.length;
      const tags = await readTagPage(answer);
      pages.push(tags);
      found += tags.bounds.length / 2;
      const next = nextLink(answer.header("link"), answer.url);
      if (next === undefined) return tagListOf(pages);
      if (seen.has(next.href)) {
        throw new Failure("protocol", `${session.host}: the tag list of ${repository} goes in a circle`);
      }
      if (seen.size >= patientPages && found < seen.size * fewTags) {
        throw new Failure(
          "protocol",
          `${session.host}: ${repository} has only ${found} tags on ${seen.size} pages and still goes on`,
        );
      }
      if (seen.size >= mostPages) {
        throw new Failure(
          "too-large",
          `${session.host}: ${repository} has more than ${mostPages} pages of tags`,
        );
      }
      answer = await page(repository, { url: next, maxBytes: Math.max(0, bytesLeft), expect: [200], signal });
    }
  };

  async function firstPage(repository: string, signal: AbortSignal): Promise<HttpAnswer> {
    const options = { maxBytes: mostBytes, signal };
    const url = session.url(repository, `tags/list?n=${pageSize}`);
    if (pageSize === modestPage) return page(repository, { ...options, url, expect: [200] });
    const answer = await page(repository, { ...options, url, expect: [200, ...pageRefusals] });
    if (answer.status === 200) return answer;
    const retried = session.url(repository, `tags/list?n=${modestPage}`);
    const modest = await page(repository, { ...options, url: retried, expect: [200] });
    if (isAboutPages(answer)) pageSize = modestPage;
    return modest;
  }

  function page(
    repository: string,
    options: { url: URL; maxBytes: number; expect: readonly number[]; signal: AbortSignal },
  ): Promise<HttpAnswer> {
    const headers = { accept: "application/json" };
    return session.read({
      method: "GET",
      scopes: [repositoryScope(repository, "pull")],
      headers,
      ...options,
    });
  }
}

function isAboutPages(answer: HttpAnswer): boolean {
  const code = ociErrorCode(answer.body);
  return code === undefined || code === "UNSUPPORTED" || code === "PAGINATION_NUMBER_INVALID";
}
