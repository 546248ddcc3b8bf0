import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inChunks } from "../../shared/registry/chunks.ts";

async function chunked(
  pieces: readonly string[],
  options: { chunkBytes: number; size: number },
): Promise<string[]> {
  const source = async function* () {
    for (const piece of pieces) yield Buffer.from(piece, "latin1");
  };
  const chunks: string[] = [];
  for await (const chunk of inChunks(source(), options)) chunks.push(Buffer.from(chunk).toString("latin1"));
  return chunks;
}

describe("inChunks", () => {
  it.each<[string, string[], string[]]>([
    ["nothing", [], []],
    ["empty pieces", ["", ""], []],
    ["small pieces", ["a", "b", "cd", "e"], ["abcd", "e"]],
    ["a large piece", ["abcdefghi"], ["abcd", "efgh", "i"]],
    ["an exact fit", ["abcd", "efgh"], ["abcd", "efgh"]],
  ])("gathers %s", async (_name, pieces, expected) => {
    expect(await chunked(pieces, { chunkBytes: 4, size: 100 })).toEqual(expected);
  });

  it("loses and repeats nothing", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.string()),
      fc.integer({ min: 1, max: 20 }),
      async (texts, chunkBytes) => {
        const whole = Buffer.from(texts.join("")).toString("latin1");
        const pieces = texts.map((text) => Buffer.from(text).toString("latin1"));
        const chunks = await chunked(pieces, { chunkBytes, size: whole.length });
        expect(chunks.join("")).toBe(whole);
        expect(chunks.slice(0, -1).every(({ length }) => length === chunkBytes)).toBe(true);
      },
    );
    await fc.assert(property);
  });
});
