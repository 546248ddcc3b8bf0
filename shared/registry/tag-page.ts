import { setImmediate } from "node:timers/promises";
import type { HttpAnswer } from "../http/client.ts";
import { Failure } from "../model/failure.ts";
import { type TagPage, tagPageOf } from "../model/tag-list.ts";
import { ambiguousKey } from "./json-keys.ts";
import { scanTags } from "./scan-tags.ts";

/** Bytes that JSON.parse may take in one go, with others waiting: some tens of milliseconds. */
const mostParsed = 8 * 1024 * 1024;

/**
 * The tags of one page, where they stand in its body. An HTML page or an error text with status 200 must never read as "no
 * tags": it is `protocol`.
 */
export async function readTagPage({ body, url }: Pick<HttpAnswer, "body" | "url">): Promise<TagPage> {
  const scan = scanTags(body);
  let step = scan.next();
  while (step.done !== true) {
    await setImmediate();
    step = scan.next();
  }
  if (step.value !== undefined) return { bytes: body, bounds: step.value };
  if (body.length <= mostParsed) return tagPageOf(parseTags(body.toString("utf8"), url));
  throw new Failure(
    "too-large",
    `${url.host} sent ${body.length} bytes that are more, or other, than plain tags: such a page may have ${mostParsed}`,
  );
}

function parseTags(text: string, { host }: URL): readonly string[] {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch (error) {
    throw new Failure("protocol", `${host} sent a tag list that is not JSON`, { cause: error });
  }
  if (ambiguousKey(text) !== undefined) {
    throw new Failure("protocol", `${host} sent a tag list that can be read in two ways: it has a key twice`);
  }
  const tags = typeof page === "object" && page !== null && "tags" in page ? page.tags : undefined;
  // Go's encoding of an empty list, which registries send for a repository without tags.
  if (tags === null) return [];
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) {
    throw new Failure("protocol", `${host} sent a tag list without a list of tags`);
  }
  return tags;
}
