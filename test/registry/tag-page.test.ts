import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tagListOf, tagsOf } from "../../shared/model/tag-list.ts";
import { scanTags } from "../../shared/registry/scan-tags.ts";
import { readTagPage } from "../../shared/registry/tag-page.ts";
import { failureOf } from "../support/failures.ts";

const url = new URL("https://registry.example/v2/app/tags/list");

/** The tags that the scan finds; undefined when it leaves the text to JSON.parse. */
function scanned(text: string | Uint8Array): readonly string[] | undefined {
  const bytes = Buffer.from(text);
  const scan = scanTags(bytes);
  let step = scan.next();
  while (step.done !== true) step = scan.next();
  return step.value && [...tagsOf(tagListOf([{ bytes, bounds: step.value }]))];
}

/** What JSON.parse makes of it. */
function parsed(text: string): unknown {
  try {
    const page: unknown = JSON.parse(text);
    const tags = typeof page === "object" && page !== null && "tags" in page ? page.tags : undefined;
    return tags === null ? [] : tags;
  } catch {
    return undefined;
  }
}

describe("the scan of a page", () => {
  it.each([
    ["a page as Go writes it", '{"name":"app","tags":["1.0","2.0"]}\n', ["1.0", "2.0"]],
    ["keys in the other order", '{"tags":["1.0"],"name":"app"}', ["1.0"]],
    ["tags alone", '{"tags":["1.0"]}', ["1.0"]],
    ["white space everywhere", ' {\n\t"name" : "app" ,\r "tags" : [ "a" , "b" ] } ', ["a", "b"]],
    ["an empty list", '{"tags":[ ]}', []],
    ["null", '{"name":"app","tags":null}', []],
    ["other keys", '{"child":[],"a":{"b":[1,-2.5e+3,{"c":null}],"d":{}},"tags":["a"],"e":true}', ["a"]],
    ["a name that is no text", '{"name":1,"tags":["a"]}', ["a"]],
    ["a key that only begins like it", '{"tagsX":["b"],"tags":["a"]}', ["a"]],
    ["an empty tag", '{"tags":["","a"]}', ["", "a"]],
    ["what no tag may be, for selection to judge", '{"tags":["a b,]}"]}', ["a b,]}"]],
  ])("reads %s in place", (_name, text, tags) => {
    expect(scanned(text)).toEqual(tags);
    expect(parsed(text)).toEqual(tags);
  });

  it.each([
    ["an escape in a tag", '{"tags":["a\\u0062"]}'],
    ["an escape in the name", '{"name":"a\\/b","tags":["a"]}'],
    ["an escape in a key", '{"t\\u0061gs":["a"]}'],
    ["a character beyond ASCII", '{"tags":["é"]}'],
    ["a key twice", '{"tags":["a"],"tags":["b"]}'],
    ["the name twice", '{"name":"a","name":"b","tags":["a"]}'],
    ["__proto__ for a key", '{"__proto__":1,"tags":["a"]}'],
    ["a number with a zero before it", '{"a":01,"tags":["a"]}'],
    ["a number without digits after its point", '{"a":1.,"tags":["a"]}'],
    ["an object that ends as a list", '{"a":{"b":1],"tags":["a"]}'],
    ["an object without a key", '{"a":{1},"tags":["a"]}'],
    ["a comma too many in an object", '{"a":{"b":1,},"tags":["a"]}'],
    ["a great depth", `{"a":${"[".repeat(100)}${"]".repeat(100)},"tags":["a"]}`],
    [
      "a great number of keys",
      `{${Array.from({ length: 100 }, (_, at) => `"k${at}":1`).join()},"tags":["a"]}`,
    ],
    ["a tag that is no text", '{"tags":["a",1]}'],
    ["no tags", '{"name":"app"}'],
    ["no keys", "{}"],
    ["nothing", ""],
    ["a list alone", '["a"]'],
    ["a comma too many in the list", '{"tags":["a",]}'],
    ["a comma too many at the end", '{"tags":["a"],}'],
    ["a comma too few", '{"tags":["a""b"]}'],
    ["a control character in a tag", '{"tags":["a\tb"]}'],
    ["text after the end", '{"tags":["a"]} x'],
    ["an early end", '{"tags":["a"'],
    ["an end within a tag", '{"tags":["a'],
    ["half a null", '{"tags":nul'],
    ["HTML", "<html>"],
  ])("leaves %s to JSON.parse", (_name, text) => {
    expect(scanned(text)).toBeUndefined();
  });

  it("never reads a text otherwise than JSON.parse", () => {
    const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: odd });
    const space = mostly(fc.constantFrom("", " ", "\n", "\t"), fc.constant("\u00a0"));
    const string = mostly(
      fc.constantFrom('"name"', '"tags"', '"tag"', '""', '"1.0"', '"a]}"'),
      fc.oneof(
        fc.constantFrom('"é"', '"\\u0041"', '"\\""', '"\\"', '"\u0001"', '"__proto__"'),
        fc.string({ maxLength: 4 }).map((inner) => `"${inner}"`),
      ),
    );
    const items = fc.array(mostly(string, fc.constantFrom("1", "null", "[]", "")), { maxLength: 4 });
    const list = fc.tuple(space, items).map(([gap, held]) => `[${gap}${held.join(`${gap},${gap}`)}${gap}]`);
    const pairOf = (key: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
      fc.tuple(key, space, value).map(([name, gap, held]) => `${gap}${name}${gap}:${gap}${held}${gap}`);
    const name = pairOf(fc.constant('"name"'), mostly(string, fc.constantFrom("null", "1", "{}")));
    const tags = pairOf(
      fc.constant('"tags"'),
      mostly(list, fc.constantFrom("null", "nul", "{}", "1", '"a"')),
    );
    const { value: other } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        string,
        fc.constantFrom("0", "-1", "1.5", "1e9", "01", "1.", "-", "true", "false", "null", "nul", "[]", "{}"),
        fc.array(tie("value"), { maxLength: 3 }).map((held) => `[${held.join(" , ")}]`),
        fc
          .array(fc.tuple(string, tie("value")), { maxLength: 3 })
          .map((held) => `{ ${held.map(([key, value]) => `${key} :${value}`).join()}}`),
      ),
    }));
    const extra = pairOf(string, other);
    const pairs = mostly(
      fc.shuffledSubarray([name, tags, extra], { minLength: 1 }).chain((chosen) => fc.tuple(...chosen)),
      fc.array(fc.oneof(name, tags, pairOf(string, list)), { maxLength: 3 }),
    );
    const end = mostly(fc.constantFrom("}", "} \n"), fc.constantFrom("", "},", "}}", ",}"));
    const page = fc.tuple(space, pairs, end).map(([gap, held, close]) => `${gap}{${held.join(",")}${close}`);
    let read = 0;
    fc.assert(
      fc.property(page, (json) => {
        const tags = scanned(json);
        if (tags === undefined) return;
        read++;
        expect(tags).toEqual(parsed(json));
      }),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(5000);
  });
});

describe("a page", () => {
  it("of plain tags is read where it stands", async () => {
    const body = Buffer.from('{"name":"app","tags":["1.0"]}');
    expect((await readTagPage({ body, url })).bytes).toBe(body);
  });

  it("keeps its tags while others are read, short and long", async () => {
    const texts = Array.from({ length: 200 }, (_, at) =>
      Array.from({ length: 1 + ((at * 37) % 900) }, (_, tag) => (at % 3 === 0 ? "" : `${at}.${tag}`)),
    );
    const pages = await Promise.all(
      texts.map((tags) => readTagPage({ body: Buffer.from(JSON.stringify({ tags })), url })),
    );
    expect(pages.map((page) => [...tagsOf(tagListOf([page]))])).toEqual(texts);
  });

  it.each([
    ["with escapes", '{"tags":["a\\u0062","\\/"]}', ["ab", "/"]],
    [
      "with other keys",
      '{"child":[],"manifest":{"sha256:1":{"tag":["x"]}},"name":"app","tags":["a"]}',
      ["a"],
    ],
  ])("%s is read by JSON.parse", async (_name, text, tags) => {
    const page = await readTagPage({ body: Buffer.from(text), url });
    expect([...tagsOf(tagListOf([page]))]).toEqual(tags);
  });

  it("of a million tags lets others run while it is read", async () => {
    const tags = Array.from({ length: 1_000_000 }, (_, at) => `1.${at}.0`);
    let turns = 0;
    const turn = (): void => {
      turns++;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const page = await readTagPage({ body: Buffer.from(JSON.stringify({ name: "app", tags })), url });
    clearImmediate(timer);
    expect([page.bounds.length, turns > 5]).toEqual([2_000_000, true]);
  });

  it.each([
    ["is none", "<html>"],
    ["has tags twice", '{"tags":["a"],"tags":["b"]}'],
    ["has tags twice, once by an escape", '{"tags":["a"],"t\\u0061gs":[]}'],
    ["has a prototype", '{"tags":["a"],"__proto__":{}}'],
  ])("that %s is never empty", async (_name, text) => {
    await failureOf(() => readTagPage({ body: Buffer.from(text), url }), "protocol");
  });

  it("that is not plain is not parsed when that would hold others up", async () => {
    const tags = Array.from({ length: 90_000 }, () => "x".repeat(100));
    const body = Buffer.from(JSON.stringify({ name: 'a "quoted" name', tags }));
    await failureOf(() => readTagPage({ body, url }), "too-large");
  });
});
