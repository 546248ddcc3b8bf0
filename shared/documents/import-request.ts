import { z } from "zod";
import { type MethodKind, parseMethodKind } from "../methods/members.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatPlatform, parsePlatform } from "../model/platform.ts";
import { parseReference, type Reference } from "../model/reference.ts";
import { parseReferrers, parseSite, type ReferrerKind } from "./handling.ts";
import { readRequestBody } from "./request-body.ts";
import { defaultTarget, parseTarget, type TargetTemplate } from "./target-template.ts";
import { methodFor, parseCredentialReference } from "./watch-columns.ts";

/** An import that somebody asks for: `POST /api/imports`, or `wharfgate import`. */
export interface ImportRequest {
  readonly source: Reference;
  readonly target: TargetTemplate;
  readonly method?: MethodKind;
  /** `os/architecture[/variant]`; the image must offer all of them. */
  readonly platforms: readonly string[];
  readonly credential?: string;
  /** What is brought in of the manifests that refer to the image. */
  readonly referrers: readonly ReferrerKind[];
  /** The disconnected site that it is for, by the method `bundle`. */
  readonly site?: string;
}

const schema = z.strictObject({
  source: z.string().max(600),
  target: z.string().max(400).optional(),
  method: z.string().max(40).optional(),
  platforms: z.array(z.string().max(60)).max(20).optional(),
  credential: z.string().max(200).optional(),
  referrers: z.array(z.string().max(40)).max(10).optional(),
  site: z.string().max(100).optional(),
});

/** The method `bundle`, asked for or the app's default, without saying for whom. */
export function siteMissing(): Failure {
  return new Failure(
    "invalid",
    'The method bundle needs a site: name one by "site" (--site), as added by wharfgate site add',
  );
}

const example = '{"source":"docker.io/library/nginx:1.27.1"}';

/** Throws `invalid`, naming the field. A source by digest alone needs a `target` with a tag. */
export function parseImportRequest(body: unknown): ImportRequest {
  const read = readRequestBody(schema, body, example);
  const { source, target, platforms = [], credential, referrers = [] } = read;
  const site = read.site === undefined ? undefined : parseSite(read.site);
  const named = read.method === undefined ? undefined : parseMethodKind(read.method);
  if (site !== undefined && named !== undefined && named !== "bundle") {
    throw new Failure(
      "invalid",
      `A site gets its images by the method bundle, not by ${named}: leave "method" out, or leave "site" out to bring it into the target`,
    );
  }
  if (site === undefined && named === "bundle") throw siteMissing();
  const method = methodFor(site === undefined ? named : "bundle", credential);
  const reference = parseReference(source);
  if (reference.tag === undefined && reference.digest === undefined) {
    throw new Failure(
      "invalid",
      `"${printable(source)}" names neither a tag nor a digest: add one, such as ${printable(source)}:1.0.0`,
    );
  }
  if (reference.tag === undefined && !/:[^{]+$/.test(target ?? "")) {
    throw new Failure(
      "invalid",
      `"${printable(source)}" has no tag to give the image at the target: add a tag before the @, or a "target" that ends in one`,
    );
  }
  return {
    source: reference,
    target: parseTarget(target ?? defaultTarget, "one"),
    platforms: platforms.map((text) => formatPlatform(parsePlatform(text))),
    referrers: referrers.length === 0 ? [] : parseReferrers(referrers.join()),
    ...(site === undefined ? {} : { site }),
    ...(method === undefined ? {} : { method }),
    ...(credential === undefined ? {} : { credential: parseCredentialReference(credential) }),
  };
}
