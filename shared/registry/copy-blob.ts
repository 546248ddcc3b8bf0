import type { Descriptor } from "../model/descriptor.ts";
import { Failure } from "../model/failure.ts";
import type { BlobRoute } from "./copy-route.ts";
import type { BlobUpload } from "./registry.ts";
import { createTries } from "./retry.ts";
import { sendBlob } from "./send-blob.ts";

/** Layers that their owner does not let registries distribute: clients fetch them from their `urls`, we never do. */
const foreignTypes =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\./;

/** Whether a blob is left where its `urls` say, and only named. */
export function isForeign({ mediaType, urls = [] }: Descriptor): boolean {
  return foreignTypes.test(mediaType) && urls.length > 0;
}

/** Brings one blob to the target: by nothing at all when it is there, by a mount, or by a transfer. */
export async function copyBlob(
  route: BlobRoute,
  blob: Descriptor,
  signal: AbortSignal,
): Promise<"skipped" | "moved"> {
  const { to, toRepository, known } = route;
  if (isForeign(blob)) return "skipped";
  const mount = await tryMount(route, blob, signal);
  const there =
    mount.kind === "mounted" ||
    (mount.kind === "none" && (await to.headBlob(toRepository, blob.digest, signal)) !== undefined);
  if (!there) await transfer(route, { blob, opened: mount.upload, signal });
  known.add(blob.digest, toRepository);
  return there ? "skipped" : "moved";
}

interface Mount {
  readonly kind: "mounted" | "upload" | "none";
  readonly upload?: BlobUpload;
}

async function tryMount(route: BlobRoute, { digest }: Descriptor, signal: AbortSignal): Promise<Mount> {
  const { from, fromRepository, to, toRepository, known } = route;
  const elsewhere = known.find(digest) ?? (from.host === to.host ? fromRepository : toRepository);
  if (elsewhere === toRepository) return { kind: "none" };
  try {
    return await to.mountBlob(toRepository, { digest, from: elsewhere, signal });
  } catch (error) {
    // A mount is a favour to those who may read the other repository: without it the blob is sent.
    if (error instanceof Failure && !error.transient) return { kind: "none" };
    throw error;
  }
}

/** Breaks within an upload session are mended in `sendBlob`; one that is lost is begun anew here. */
async function transfer(
  route: BlobRoute,
  { blob, opened, signal }: { blob: Descriptor; opened: BlobUpload | undefined; signal: AbortSignal },
): Promise<void> {
  const tries = createTries();
  let upload = opened;
  for (;;) {
    try {
      upload ??= await route.to.startUpload(route.toRepository, signal);
      await sendBlob(route, { blob, upload, tries, signal });
      return;
    } catch (error) {
      await tries.next(error, signal);
      upload = undefined;
    }
  }
}
