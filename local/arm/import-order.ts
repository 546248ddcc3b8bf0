import { isDigest, parseDigest } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { parseHost, parseRepositoryPath, parseTag } from "../../shared/model/reference.ts";
import { ArmError } from "./arm-error.ts";
import { type ImportImageParameters, importImageParameters } from "./shapes.ts";
import type { TransferSource } from "./transfer.ts";

/** The body of Registries_ImportImage, read. */
export interface ImportOrder {
  readonly source: TransferSource;
  readonly targets: readonly { readonly repository: string; readonly tag?: string }[];
  readonly mode: ImportImageParameters["mode"];
}

/** Throws `InvalidParameters` for what the service would not take. */
export function readImportOrder(body: unknown): ImportOrder {
  const parsed = importImageParameters.safeParse(body);
  if (!parsed.success)
    throw invalid(`the body: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`);
  const { source, targetTags = [], untaggedTargetRepositories = [], mode } = parsed.data;
  if ((source.registryUri === undefined) === (source.resourceId === undefined)) {
    throw invalid("the source needs either registryUri or resourceId");
  }
  if (source.registryUri === undefined) {
    throw new ArmError(
      400,
      "UnsupportedOnThisMachine",
      "there is no other Azure registry here: give source.registryUri",
    );
  }
  if (targetTags.length + untaggedTargetRepositories.length === 0) {
    throw invalid("targetTags and untaggedTargetRepositories are both empty");
  }
  try {
    const { credentials } = source;
    return {
      source: {
        host: parseHost(source.registryUri),
        ...readImage(source.sourceImage),
        ...(credentials === undefined
          ? {}
          : { credential: { username: credentials.username ?? "", password: credentials.password } }),
      },
      targets: [
        ...targetTags.map((target) => {
          const [repository = "", tag = "latest"] = target.split(":", 2);
          return { repository: parseRepositoryPath(repository), tag: parseTag(tag) };
        }),
        ...untaggedTargetRepositories.map((repository) => ({ repository: parseRepositoryPath(repository) })),
      ],
      mode,
    };
  } catch (error) {
    if (error instanceof Failure) throw invalid(error.message);
    throw error;
  }
}

/** `repo`, `repo:tag` or `repo@sha256:…`. */
function readImage(image: string): { readonly repository: string; readonly reference: string } {
  const [, repository = "", tag, digest] = /^([^:@]*)(?::([^@]*)|@(.*))?$/.exec(image) ?? [];
  if (digest !== undefined && !isDigest(digest)) parseDigest(digest);
  return { repository: parseRepositoryPath(repository), reference: digest ?? parseTag(tag ?? "latest") };
}

function invalid(message: string): ArmError {
  return new ArmError(400, "InvalidParameters", message);
}
