import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ambiguousKey } from "../../shared/registry/json-keys.ts";

describe("ambiguousKey", () => {
  it.each<[string, string, string | undefined]>([
    ["an empty object", "{}", undefined],
    ["a number", "1", undefined],
    ["the same key in two objects", '[{"a":1},{"a":2}]', undefined],
    ["the same key at two depths", '{"a":{"a":1}}', undefined],
    ["a key that is also a value", '{"a":"b","b":"a"}', undefined],
    ["a key twice", '{"a":1,"b":2,"a":3}', "a"],
    ["a key twice with white space", '{ "a" : 1 ,\n"a"\t: 3}', "a"],
    ["a key twice, once escaped", '{"layers":[],"layer\\u0073":[]}', "layers"],
    ["a key twice, deep down", '{"x":[1,{"y":{"z":1,"z":2}}]}', "z"],
    ["a key twice after a nested object", '{"a":{"b":1},"a":2}', "a"],
    ["a prototype", '{"__proto__":{}}', "__proto__"],
    ["an escaped prototype", '{"__pr\\u006fto__":{}}', "__proto__"],
    ["a prototype as value", '{"a":"__proto__"}', undefined],
    ["braces and quotes in strings", '{"a":"{\\"a\\":1}","b":"\\\\"}', undefined],
    ["a string that ends in a backslash", '{"a\\\\":1,"a":2}', undefined],
    ["the empty key twice", '{"":1,"":2}', ""],
  ])("%s", (_name, text, expected) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(ambiguousKey(text)).toBe(expected);
  });

  it("finds nothing in what JSON.stringify wrote", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        fc.pre(!text.includes("__proto__"));
        expect(ambiguousKey(text)).toBeUndefined();
      }),
    );
  });

  it("finds a repeated key wherever it is put", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
        const [key = ""] = Object.keys(object);
        const text = `${JSON.stringify(object).slice(0, -1)},${JSON.stringify(key)}:1}`;
        expect(ambiguousKey(`[1,${text}]`)).toBeDefined();
      }),
    );
  });
});
