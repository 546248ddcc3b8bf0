import { readFileSync } from "node:fs";
import { imageDigest } from "./memory-transfer.ts";
import { type OneMachineArm, resourceId } from "./one-machine-arm.ts";

/** Requests and responses as published, see the file's `_about`. */
export interface Example {
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: unknown;
  readonly responses: Readonly<Record<string, { readonly body?: unknown }>>;
}

/** A published example by its name. */
export function example(name: string): Example {
  const file = new URL("../fixtures/azure-rest-examples.json", import.meta.url);
  const found = (JSON.parse(readFileSync(file, "utf8")) as Record<string, Example>)[name];
  if (found === undefined) throw new Error(`there is no published example ${name}`);
  return found;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what the stand-in answers is what is tested
  readonly body: any;
}

export const registryVersion = "2025-11-01";
export const runVersion = "2019-06-01-preview";

export const importPath = `${resourceId}/importImage`;
export const importBody = {
  source: { registryUri: "docker.io", sourceImage: `library/nginx@${imageDigest}` },
  targetTags: ["mirror/nginx:1"],
};
export const runBody = {
  type: "EncodedTaskRunRequest",
  agentPoolName: "pool",
  encodedTaskContent: Buffer.from("version: v1.1.0\n").toString("base64"),
  platform: { os: "Linux", architecture: "amd64" },
};

export interface SendOptions {
  readonly body?: unknown;
  readonly version?: string;
  /** With a token of the app's identity when absent. */
  readonly authorization?: string;
}

/** Sends as the SDK would, but whatever a test wants. */
export type Send = (method: string, path: string, options?: SendOptions) => Promise<Answer>;

export function createSend({ arm, tokenFor }: OneMachineArm): Send {
  return async (method, path, { body, version, authorization } = {}) => {
    const url = new URL(path, arm.url);
    if (version !== undefined) url.searchParams.set("api-version", version);
    const response = await fetch(url, {
      method,
      headers: {
        authorization: authorization ?? `Bearer ${await tokenFor(arm.url)}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}
