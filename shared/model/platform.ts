import { printable } from "./digest.ts";
import { Failure } from "./failure.ts";

/** What an image runs on, as in an OCI index: `linux/amd64`, `linux/arm64/v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const pattern = /^([a-z0-9_]+)\/([a-z0-9_]+)(?:\/([a-z0-9_.]+))?$/;

export function parsePlatform(text: string): Platform {
  const match = pattern.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new Failure(
      "invalid",
      `"${printable(text)}" is not a platform: expected os/architecture[/variant]`,
    );
  }
  return { os: match[1], architecture: match[2], ...(match[3] === undefined ? {} : { variant: match[3] }) };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Whether `offered` satisfies `wanted`; a wanted platform without a variant takes any variant. */
export function satisfies(offered: Platform, wanted: Platform): boolean {
  return (
    offered.os === wanted.os &&
    offered.architecture === wanted.architecture &&
    (wanted.variant === undefined || offered.variant === wanted.variant)
  );
}
