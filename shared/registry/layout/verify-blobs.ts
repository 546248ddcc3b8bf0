import { isDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { createBlobHash } from "../verified-blob.ts";
import type { LayoutFiles } from "./layout-files.ts";

const blobName = /^blobs\/([^/]+)\/([^/]+)$/;

/**
 * Reads every blob of a layout once, in the order in which they stand in it, and compares it with the digest that is its name:
 * those that nobody will ask for, too. Throws `integrity`, naming the first that is something else.
 */
export async function verifyBlobs(files: LayoutFiles, signal: AbortSignal): Promise<void> {
  for (const name of files.names) {
    const [, algorithm, hex] = blobName.exec(name) ?? [];
    const digest = `${algorithm}:${hex}`;
    // Nothing can refer to what is no digest.
    if (!isDigest(digest)) continue;
    const hash = createBlobHash(digest);
    for await (const piece of files.read(name, { offset: 0, signal })) hash.add(hash.bytes, piece);
    if (hash.bytes === files.size(name) && hash.digest() === digest) continue;
    throw new Failure(
      "integrity",
      `${files.place}: the bytes of ${name} do not match the digest that is its name, so that the file was changed or damaged on its way. Nothing of it was sent: copy it from its origin again, or export it again`,
    );
  }
}
