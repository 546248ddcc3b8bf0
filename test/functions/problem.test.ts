import { expect, it } from "vitest";
import { problem } from "../../functions/problem.ts";
import { Failure } from "../../shared/model/failure.ts";

it.each([
  {
    name: "a request that cannot be used, with an example",
    failure: new Failure("invalid", '"source" is missing: it must be text', {
      example: '{"source":"nginx:1"}',
    }),
    status: 400,
    detail: 'The request cannot be used: "source" is missing: it must be text. Example: {"source":"nginx:1"}',
  },
  {
    name: "any other failure",
    failure: new Failure("conflict", "It is there."),
    status: 409,
    detail: "It is there.",
  },
  {
    name: "a defect, without its text",
    failure: new Failure("internal", "x is undefined"),
    status: 500,
    detail: "Something went wrong here; the function's log says what.",
  },
])("a problem document tells of $name", ({ failure, status, detail }) => {
  expect(problem(failure)).toEqual({
    status,
    headers: { "content-type": "application/problem+json" },
    jsonBody: { status, code: failure.code, detail },
  });
});
