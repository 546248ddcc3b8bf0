/** Text files by their path, without a leading slash. */
export type Files = Readonly<Record<string, string>>;

const blockBytes = 512;

/** A tar archive of plain files, in the order given; the same input always gives the same bytes. Source: POSIX ustar. */
export function tarOf(files: Files, modified: Date): Uint8Array {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text, "utf8");
    return [header(path, content.length, modified), padded(content)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header(path: string, size: number, modified: Date): Buffer {
  const block = Buffer.alloc(blockBytes);
  const put = (offset: number, text: string) => block.write(text, offset, "latin1");
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  put(0, path);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7)); // owner: root
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(Math.floor(modified.getTime() / 1000), 11));
  put(148, " ".repeat(8)); // The checksum counts its own field as spaces.
  put(156, "0"); // a plain file
  put(257, "ustar\x0000");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)]);
}
