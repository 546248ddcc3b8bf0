import type { HttpAnswer } from "../http/client.ts";
import { nextLink } from "../http/link.ts";
import { Failure } from "../model/failure.ts";
import { azureAdvice } from "./azure-advice.ts";
import { knownRegistry, largestPage, modestPage, pageRefusals } from "./hosts.ts";
import { ambiguousKey } from "./json-keys.ts";
import type { Session } from "./session.ts";

const catalogue = ["registry:catalog:*"];
const mostPages = 1000;
const mostBytes = 32 * 1024 * 1024;

/**
 * The repositories that a registry lists, in its order, repeats and all, over at most 1,000 pages and 32 MiB. Throws
 * `unsupported`, with the reason, where it offers no catalogue, or none to the credential in use.
 * Source: distribution, spec/api, "Listing Repositories"; OCI's specification does not have it.
 */
export async function listRepositories(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const known = knownRegistry(session.host);
  if (known?.catalogue?.is === "none") {
    const { see } = known.catalogue;
    throw new Failure("unsupported", `${known.name} does not list its repositories (${see}): ${oneByOne}`);
  }
  const found: string[] = [];
  const seen = new Set<string>();
  let bytesLeft = mostBytes;
  let answer = await firstPage(session, signal);
  for (;;) {
    seen.add(answer.url.href);
    bytesLeft -= answer.body.length;
    found.push(...parsePage(answer));
    const next = nextLink(answer.header("link"), answer.url);
    if (next === undefined) return found;
    if (seen.has(next.href)) {
      throw new Failure("protocol", `${session.host}: the list of repositories goes in a circle`);
    }
    if (seen.size >= mostPages) {
      throw new Failure("too-large", `${session.host} has more than ${mostPages} pages of repositories`);
    }
    answer = await page(session, { url: next, maxBytes: bytesLeft, expect: [200], signal });
  }
}

const oneByOne = "add the watches one by one, such as wharfgate watch add docker.io/library/nginx";

async function firstPage(session: Session, signal: AbortSignal): Promise<HttpAnswer> {
  const url = (size: number) => new URL(`${session.origin}/v2/_catalog?n=${size}`);
  const options = { maxBytes: mostBytes, signal };
  try {
    const answer = await page(session, { ...options, url: url(largestPage), expect: [200, ...pageRefusals] });
    if (answer.status === 200) return answer;
    return await page(session, { ...options, url: url(modestPage), expect: [200] });
  } catch (error) {
    if (!(error instanceof Failure) || !refused.has(error.code)) throw error;
    const advice = azureAdvice(session.host, catalogue) ?? "give a credential that may";
    throw new Failure(
      "unsupported",
      `${session.host} does not list its repositories to us: many registries let none but administrators see the list, others have none; ${advice}, or ${oneByOne}`,
      { cause: error, context: error.context },
    );
  }
}

const refused: ReadonlySet<string> = new Set([
  "unauthorized",
  "forbidden",
  "not-found",
  "unsupported",
  "invalid",
]);

function page(
  session: Session,
  options: { url: URL; maxBytes: number; expect: readonly number[]; signal: AbortSignal },
): Promise<HttpAnswer> {
  const headers = { accept: "application/json" };
  return session.read({ method: "GET", scopes: catalogue, headers, ...options });
}

/** An HTML page or an error text with status 200 must not read as "no repositories". */
function parsePage({ body, url }: HttpAnswer): readonly string[] {
  const text = body.toString("utf8");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure("protocol", `${url.host} sent a list of repositories that is not JSON`, {
      cause: error,
    });
  }
  const names =
    typeof document === "object" && document !== null && "repositories" in document
      ? document.repositories
      : undefined;
  // Go's encoding of an empty list.
  if (names === null) return [];
  if (
    ambiguousKey(text) !== undefined ||
    !Array.isArray(names) ||
    !names.every((name) => typeof name === "string")
  ) {
    throw new Failure("protocol", `${url.host} sent a catalogue without a list of repositories`);
  }
  return names;
}
