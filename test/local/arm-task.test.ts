import { describe, expect, it } from "vitest";
import { parseCopyTask, readValues } from "../../local/arm/task.ts";
import { copyTask } from "../../shared/methods/agent-pool-task.ts";
import { imageDigest, otherDigest } from "./memory-transfer.ts";

const tool = { repository: "tools/crane", digest: imageDigest };
const task = copyTask(tool, "keep");

describe("parseCopyTask", () => {
  it.each(["keep", "replace"] as const)("reads the task of the agent-pool method: %s", (existing) => {
    expect(parseCopyTask(copyTask(tool, existing))).toEqual({ tool, existing, stepTimeoutSeconds: 7200 });
  });

  it.each([
    ["a second step", `${task}  - cmd: id\n`],
    ["a command behind it", task.replace("{{.Values.target}}", "{{.Values.target}} ; id")],
    ["a name in place of a value", task.replace("{{.Values.target}}", "nginx:1")],
    ["a tool by tag", task.replace(/@sha256:[0-9a-f]+/, ":latest")],
    ["a tool of another registry", task.replace("$Registry/tools", "ghcr.io/tools")],
    ["another value", task.replace("{{.Values.source}}", "{{.Run.ID}}")],
    ["a secret", `secrets:\n  - id: x\n${task}`],
    ["a build step", "version: v1.1.0\nsteps:\n  - build: .\n"],
    ["nothing", ""],
  ])("case 63: runs nothing else: %s", (_name, text) => {
    expect(parseCopyTask(text)).toBeUndefined();
  });
});

describe("readValues", () => {
  const values = (source: string, target: string) => [
    { name: "source", value: source },
    { name: "target", value: target },
  ];

  it("reads source and target", () => {
    expect(readValues(values(`docker.io/library/nginx@${imageDigest}`, "mirror/nginx:1"))).toEqual({
      source: { host: "docker.io", path: "library/nginx", digest: imageDigest },
      target: { repository: "mirror/nginx", tag: "1" },
    });
  });

  it("reads a target by the source's digest", () => {
    expect(readValues(values(`docker.io/a/b@${imageDigest}`, `mirror/b@${imageDigest}`)).target).toEqual({
      repository: "mirror/b",
    });
  });

  it.each([
    ["a target by another digest", `docker.io/a/b@${imageDigest}`, `mirror/b@${otherDigest}`],
    ["a target by digest of a source by tag", "docker.io/a/b:1", `mirror/b@${imageDigest}`],
    ["a target by two digests", `docker.io/a/b@${imageDigest}`, `mirror/b@${imageDigest}@${imageDigest}`],
    ["a target by tag and digest", `docker.io/a/b@${imageDigest}`, `mirror/b:1@${imageDigest}`],
    ["a command in the tag", "docker.io/a/b:1", "mirror/nginx:1;id"],
    ["a substitution in the tag", "docker.io/a/b:1", "mirror/nginx:$(id)"],
    ["backticks in the source", "docker.io/a/`id`:1", "mirror/nginx:1"],
    ["a second word", "docker.io/a/b:1 --insecure", "mirror/nginx:1"],
    ["a flag for a source", "--insecure", "mirror/nginx:1"],
    ["a second line", "docker.io/a/b:1\nid", "mirror/nginx:1"],
    ["two tags", "docker.io/a/b:1", "mirror/nginx:1:2"],
    ["no target", "docker.io/a/b:1", ""],
  ])("refuses %s", (_name, source, target) => {
    expect(() => readValues(values(source, target))).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});
