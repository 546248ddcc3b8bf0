import { describe, expect, it } from "vitest";
import { defaultTarget, parseTarget } from "../../shared/documents/target-template.ts";
import { failureOf } from "../support/failures.ts";

const nginx = { host: "docker.io", path: "library/nginx" };

describe("a target", () => {
  it.each([
    { text: defaultTarget, source: nginx, is: "docker.io/library/nginx:1.27" },
    { text: "mirror/{repository}", source: nginx, is: "mirror/library/nginx:1.27" },
    { text: "{name}:{tag}", source: nginx, is: "nginx:1.27" },
    { text: "{name}", source: { host: "h", path: "single" }, is: "single:1.27" },
    { text: "a/{name}-{name}:v{tag}-mirrored", source: nginx, is: "a/nginx-nginx:v1.27-mirrored" },
    {
      text: defaultTarget,
      source: { ...nginx, host: "registry.example:5000" },
      is: "registry.example-5000/library/nginx:1.27",
    },
    {
      text: defaultTarget,
      source: { ...nginx, host: "127.0.0.1:5000" },
      is: "127.0.0.1-5000/library/nginx:1.27",
    },
    { text: defaultTarget, source: { ...nginx, host: "[::1]:5000" }, is: "1-5000/library/nginx:1.27" },
    { text: defaultTarget, source: { ...nginx, host: "[2001:db8::1]" }, is: "2001-db8-1/library/nginx:1.27" },
  ])("$text of $source.host/$source.path is $is", ({ text, source, is }) => {
    const { path, tag } = parseTarget(text)(source, "1.27");
    expect(`${path}:${tag}`).toBe(is);
  });

  it.each([
    {
      text: "mirror/{path}",
      why: 'Target: "{path}" is not a placeholder: use {host}, {repository}, {name}, {tag}',
    },
    { text: "mirror/{__proto__}", why: "is not a placeholder" },
    { text: "mirror/{name", why: 'Target: "{name" is not a placeholder' },
    { text: "mirror/{name}:latest", why: "would put every version under one tag: end it with :{tag}" },
    { text: "Mirror/{name}", why: '"Mirror/repository" is not a repository' },
    { text: "/{name}", why: "is not a repository" },
    { text: "a/../{name}", why: "is not a repository" },
    { text: "registry.example:5000/{name}", why: "would put every version under one tag" },
    { text: "{name}:{tag}/x", why: "is not a tag" },
    { text: "{name}:-{tag}", why: "is not a tag" },
    { text: "", why: "is not a repository" },
  ])("refuses $text", async ({ text, why }) => {
    expect((await failureOf(() => parseTarget(text), "invalid")).message).toContain(why);
  });

  it("may have a fixed tag for one image", () => {
    expect(parseTarget("mirror/nginx:prod", "one")(nginx, "1.27")).toEqual({
      path: "mirror/nginx",
      tag: "prod",
    });
    expect(parseTarget("mirror/nginx:prod", "one")(nginx, "")).toEqual({ path: "mirror/nginx", tag: "prod" });
  });

  it("refuses a tag or a path that becomes too long only when it is filled", async () => {
    const template = parseTarget("mirror/{repository}:from-upstream-{tag}");
    await failureOf(() => template(nginx, "x".repeat(120)), "invalid");
    await failureOf(() => template({ host: "h", path: "p".repeat(250) }, "1"), "invalid");
  });
});
