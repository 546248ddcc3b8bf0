import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SeededImage } from "./copy-images.ts";
import { buildGoTools, program } from "./rig.ts";

/** A program that others copy images with. */
export interface CopyPeer {
  readonly name: string;
  /** Whether it is started once for all images, or for each one. */
  readonly startsFor: "all" | "each";
  /** A shell command that copies these images, all platforms. */
  commandsFor(from: string, to: string, images: readonly SeededImage[]): string;
}

/** Those that are installed, or can be built. */
export function copyPeers(folder: string, names: readonly string[] | undefined): readonly CopyPeer[] {
  const wanted = (name: string) => names === undefined || names.includes(name);
  const regclient = (wanted("regctl") || wanted("regsync")) && tools("regclient", ["regctl", "regsync"]);
  const oras = wanted("oras") && tools("oras", ["oras"]);
  const crane = wanted("crane") && tools("go-containerregistry", ["crane"]);
  const skopeo = program("skopeo");
  const peers: (CopyPeer | undefined)[] = [
    skopeo === undefined
      ? undefined
      : each("skopeo", (from, to) => {
          const plain = "--src-tls-verify=false --dest-tls-verify=false";
          return `${skopeo} --insecure-policy copy --quiet --all ${plain} docker://${from} docker://${to}`;
        }),
    crane
      ? each("crane", (from, to) => `${crane.crane} copy --insecure ${from} ${to} 2>/dev/null`)
      : undefined,
    oras
      ? each("oras", (from, to) => {
          const plain = "--from-plain-http --to-plain-http --no-tty";
          return `${oras.oras} copy ${plain} ${from} ${to} >/dev/null`;
        })
      : undefined,
    regclient
      ? each("regctl", (from, to) => {
          const hosts = [from, to]
            .map((name) => `--host reg=${name.split("/", 1)[0]},tls=disabled`)
            .join(" ");
          return `${regclient.regctl} ${hosts} image copy ${from} ${to} >/dev/null 2>&1`;
        })
      : undefined,
    regclient ? regsync(regclient.regsync ?? "", folder) : undefined,
  ];
  for (const name of names ?? ["skopeo", "crane", "oras", "regctl", "regsync"]) {
    if (!peers.some((peer) => peer?.name === name)) process.stdout.write(`left out: ${name}\n`);
  }
  return peers.filter((peer) => peer !== undefined && wanted(peer.name)) as readonly CopyPeer[];

  function tools(module: string, programs: readonly string[]): Readonly<Record<string, string>> | undefined {
    return buildGoTools(module, {
      folder,
      packages: Object.fromEntries(programs.map((name) => [name, packages[name] ?? ""])),
    });
  }
}

const packages: Readonly<Record<string, string>> = {
  crane: "github.com/google/go-containerregistry/cmd/crane",
  oras: "oras.land/oras/cmd/oras",
  regctl: "github.com/regclient/regclient/cmd/regctl",
  regsync: "github.com/regclient/regclient/cmd/regsync",
};

function each(name: string, command: (from: string, to: string) => string): CopyPeer {
  return {
    name,
    startsFor: "each",
    commandsFor: (from, to, images) =>
      images.map(({ path }) => command(`${from}/${path}:1.0`, `${to}/${path}:1.0`)).join(" &&\n"),
  };
}

/** One process that keeps tags in step, eight at a time. */
function regsync(program: string, folder: string): CopyPeer {
  return {
    name: "regsync",
    startsFor: "all",
    commandsFor(from, to, images) {
      const config = join(folder, "regsync.yml");
      const settings = {
        version: 1,
        creds: [from, to].map((registry) => ({ registry, tls: "disabled", reqConcurrent: 8 })),
        defaults: { parallel: 8 },
        sync: images.map(({ path }) => ({
          source: `${from}/${path}:1.0`,
          target: `${to}/${path}:1.0`,
          type: "image",
        })),
      };
      // JSON is YAML.
      writeFileSync(config, JSON.stringify(settings));
      return `${program} once --config ${config} >/dev/null 2>&1`;
    },
  };
}
