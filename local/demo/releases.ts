import type { Platform } from "../../shared/model/platform.ts";
import { type BuiltImage, buildImage, type Format } from "./image.ts";
import type { Files } from "./tar.ts";

/** One published version of a demo image. */
export interface Release {
  readonly product: Product;
  /** Its own tag, also when that has a prefix or suffix. */
  readonly version: string;
  /** Other tags that point at it: floating ones, a commit id. */
  readonly also: readonly string[];
  /** ISO 8601 day. */
  readonly day: string;
}

export interface Product {
  readonly repository: string;
  readonly title: string;
  readonly format: Format;
  readonly platforms: readonly Platform[];
}

const amd64: Platform = { os: "linux", architecture: "amd64" };
const arm64: Platform = { os: "linux", architecture: "arm64", variant: "v8" };
const armV7: Platform = { os: "linux", architecture: "arm", variant: "v7" };

/** The web server: semantic versions, a suffix family, floating tags, a prerelease. */
export const web: Product = {
  repository: "demo/web",
  title: "Demo web server",
  format: "oci",
  platforms: [amd64, arm64],
};
const api: Product = {
  repository: "demo/api",
  title: "Demo API",
  format: "docker",
  platforms: [amd64, arm64],
};
/** The agent for IoT Edge: three platforms, and an SBOM that refers to its newest version. */
export const edgeAgent: Product = {
  repository: "demo/edge-agent",
  title: "Demo edge agent",
  format: "oci",
  platforms: [amd64, arm64, armV7],
};

/** What upstream holds from the start, oldest first per product. */
export const history: readonly Release[] = [
  release(web, "1.0.0", "2026-01-12"),
  release(web, "1.0.1", "2026-01-26"),
  release(web, "1.1.0", "2026-02-16"),
  release(web, "1.2.0", "2026-04-07"),
  release(web, "1.2.1", "2026-04-20"),
  release(web, "1.3.0", "2026-06-02"),
  release(web, "1.4.0", "2026-08-18"),
  release(web, "1.4.1-alpine", "2026-09-08"),
  release(web, "1.4.1", "2026-09-08"),
  release(web, "1.4.2-alpine", "2026-10-13"),
  release(web, "1.4.2", "2026-10-13", ["1.4", "latest"]),
  release(web, "1.5.0-rc.1", "2026-11-03"),
  release(api, "v1.9.3", "2026-01-19"),
  release(api, "v2.0.0", "2026-03-09"),
  release(api, "v2.0.1", "2026-03-23"),
  release(api, "v2.1.0", "2026-07-14"),
  release(api, "v2.1.1", "2026-10-27", ["9f2c1d7", "latest"]),
  release(api, "v3.0.0-beta.1", "2026-11-10"),
  release(edgeAgent, "0.9.0", "2026-05-11"),
  release(edgeAgent, "1.0.0", "2026-07-06"),
  release(edgeAgent, "1.0.1", "2026-09-21", ["1.0"]),
];

/** A new version of the web server, as upstream would publish it after the start. */
export function nextWebRelease(version: string, day: string): Release {
  const minor = version.split(".").slice(0, 2).join(".");
  return release(web, version, day, [minor, "latest"]);
}

export function build({ product, version, day }: Release): BuiltImage {
  const alpine = version.endsWith("-alpine");
  return buildImage({
    ...product,
    version,
    created: new Date(`${day}T09:00:00Z`),
    base: alpine ? alpineBase : base,
    baseCreated: new Date("2026-01-05T09:00:00Z"),
    files: {
      "usr/share/demo/version": `${version}\n`,
      "usr/share/demo/index.html": `<!doctype html><title>${product.title}</title><h1>${product.title} ${version}</h1>\n`,
      "usr/share/doc/demo/changes": `${version} (${day})\n  Made for trying things out; nothing in it runs.\n`,
    },
  });
}

function release(product: Product, version: string, day: string, also: readonly string[] = []): Release {
  return { product, version, day, also };
}

function base(platform: Platform): Files {
  return {
    "etc/os-release": 'NAME="Demo Linux"\nID=demo\nVERSION_ID=12\n',
    "etc/machine": `${platform.architecture}${platform.variant ?? ""}\n`,
    "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\n",
  };
}

function alpineBase(platform: Platform): Files {
  return { ...base(platform), "etc/os-release": 'NAME="Demo Alpine"\nID=demo-alpine\nVERSION_ID=3.24\n' };
}
