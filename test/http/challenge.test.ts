import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../shared/http/challenge.ts";
import { failureOf } from "../support/failures.ts";

const plain = (header: string | undefined) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("parseChallenges", () => {
  it.each<[string, string | undefined, unknown]>([
    ["none", undefined, []],
    ["nothing but commas", " , ,", []],
    [
      "Docker Hub's",
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
      [
        [
          "bearer",
          {
            realm: "https://auth.docker.io/token",
            service: "registry.docker.io",
            scope: "repository:library/nginx:pull",
          },
        ],
      ],
    ],
    [
      "a comma in a quoted scope",
      'Bearer realm="https://a/t",scope="repository:x:pull,push"',
      [["bearer", { realm: "https://a/t", scope: "repository:x:pull,push" }]],
    ],
    ["an escaped quote", 'Basic realm="a \\"b\\" c"', [["basic", { realm: 'a "b" c' }]]],
    [
      "two challenges",
      'Basic realm="x", Bearer realm="https://a/t"',
      [
        ["basic", { realm: "x" }],
        ["bearer", { realm: "https://a/t" }],
      ],
    ],
    ["a scheme alone", "Negotiate", [["negotiate", {}]]],
    [
      "a scheme alone before another",
      'Negotiate, Basic realm="x"',
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      "a token68",
      'NTLM TlRMTVNTUAAB, Basic realm="x"',
      [
        ["ntlm", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ["white space around the sign", 'Basic realm = "x"', [["basic", { realm: "x" }]]],
    ["names in capitals", 'BEARER REALM="https://a/t"', [["bearer", { realm: "https://a/t" }]]],
    [
      "a value without quotes",
      "Bearer realm=https://a/t,service=b,scope=repository:x/y:pull",
      [["bearer", { realm: "https://a/t", service: "b", scope: "repository:x/y:pull" }]],
    ],
    [
      "an empty value",
      'Bearer realm="https://a/t",service=""',
      [["bearer", { realm: "https://a/t", service: "" }]],
    ],
    [
      "a prototype's name",
      'Bearer __proto__="x",realm="y"',
      [
        [
          "bearer",
          Object.fromEntries([
            ["__proto__", "x"],
            ["realm", "y"],
          ]),
        ],
      ],
    ],
  ])("reads %s", (_name, header, expected) => {
    expect(plain(header)).toEqual(expected);
  });

  it.each([
    ["an open quote", 'Bearer realm="https://a/t'],
    ["a realm twice", 'Bearer realm="https://a/t",realm="https://b/t"'],
    ["a parameter without scheme", 'realm="x"'],
    ["words after a value", 'Bearer realm="x" y'],
    ["no word at all", "@@@"],
  ])("does not read %s", async (_name, header) => {
    await failureOf(() => parseChallenges(header), "protocol");
  });

  // Were the search to explode, the test's own time limit would end it.
  it.each(['a="', "a=\\", ",", " ", 'Bearer a="b\\",', "a=b,"])(
    "comes to an end with many of %j",
    (piece) => {
      const outcome = ((): string => {
        try {
          return `${parseChallenges(`Bearer ${piece.repeat(8000)}`).length} challenges`;
        } catch {
          return "refused";
        }
      })();
      expect(outcome).toMatch(/challenges|refused/);
    },
  );
});
