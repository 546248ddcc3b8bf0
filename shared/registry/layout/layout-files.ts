/** The files of an OCI image layout, wherever they are: `index.json`, `blobs/sha256/<hex>`. */
export interface LayoutFiles {
  /** As messages call it: the path of the tar file or folder. */
  readonly place: string;
  readonly names: ReadonlySet<string>;
  /** In bytes; undefined where there is no such file. */
  size(name: string): number | undefined;
  /** From `offset` on; ends early where the file does. */
  read(
    name: string,
    options: { readonly offset: number; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** More files than any layout of ours: what has them is refused before it is read. */
export const mostFiles = 100_000;
