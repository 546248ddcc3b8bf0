/** The tag that a poll of `^3.2.0` must choose in a repository of the benchmark's upstream. */
export function newestOf(repository: string): string {
  return `3.9000.${Number(/[0-9]+$/.exec(repository)?.[0] ?? 0)}`;
}

/** Tag `at` of any repository: versions, families, release candidates, builds. Only `newestOf` differs from one to another. */
function tagAt(at: number): string {
  const version = `${1 + (at % 4)}.${at % 50}.${at}`;
  const kind = at % 10;
  if (kind === 6) return `${version}-alpine3.20`;
  if (kind === 7) return `${version}-rc.1`;
  if (kind === 8) return `sha-${(0xabcde + at).toString(16).padStart(7, "a")}`;
  return kind === 9 ? `v${version}` : version;
}

export interface TagPages {
  /** The JSON of a page, and its last tag when another page follows. */
  page(
    repository: string,
    options: { readonly size: number; readonly after: string | undefined },
  ): { readonly body: Buffer; readonly last: string | undefined };
}

/** Pages that are made once for all repositories of one size, so that the upstream's own work stays small. */
export function createTagPages(): TagPages {
  const starts = new Map<string, number>();
  const texts = new Map<string, { readonly text: Buffer; readonly next: number }>();

  return {
    page(repository, { size, after }) {
      const total = Number(/t([0-9]+)/.exec(repository)?.[1]);
      const start = after === undefined ? 0 : (starts.get(after) ?? total);
      const { text, next } = made({ start, end: Math.min(start + size, total), total });
      const name = `{"name":"${repository}","tags":[`;
      // The last of all tags is the repository's own.
      const own = next < total ? "]}" : `${start + 1 < next ? "," : ""}"${newestOf(repository)}"]}`;
      const last = next < total ? tagAt(next - 1) : undefined;
      return { body: Buffer.concat([Buffer.from(name), text, Buffer.from(own)]), last };
    },
  };

  function made({ start, end, total }: { start: number; end: number; total: number }) {
    const key = `${start} ${end} ${total}`;
    const known = texts.get(key);
    if (known !== undefined) return known;
    const tags = Array.from({ length: Math.min(end, total - 1) - start }, (_, at) => tagAt(start + at));
    if (end < total) starts.set(tagAt(end - 1), end);
    const text = Buffer.from(tags.map((tag) => `"${tag}"`).join());
    texts.set(key, { text, next: end });
    return { text, next: end };
  }
}
