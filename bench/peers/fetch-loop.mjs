/*
 * A plain loop: for each repository a HEAD, the token that its 401 asks for, and the HEAD again, all by fetch, some at once.
 * `fetch-loop.mjs <host> <name> <count>`. Prints the answers' hash and what they cost.
 */
import { createHash } from "node:crypto";

const [host, name, count] = process.argv.slice(2);

async function digestOf(repository) {
  const url = `http://${host}/v2/${repository}/manifests/latest`;
  const accept = "application/vnd.oci.image.index.v1+json";
  const refused = await fetch(url, { method: "HEAD", headers: { accept } });
  const challenge = refused.headers.get("www-authenticate") ?? "";
  const [realm, service, scope] = ["realm", "service", "scope"].map(
    (key) => new RegExp(`${key}="([^"]*)"`).exec(challenge)?.[1] ?? "",
  );
  const answer = await fetch(`${realm}?${new URLSearchParams({ service, scope })}`);
  const { token } = await answer.json();
  const found = await fetch(url, { method: "HEAD", headers: { accept, authorization: `Bearer ${token}` } });
  return found.headers.get("docker-content-digest");
}

const digests = new Array(Number(count));
let next = 0;
const worker = async () => {
  while (next < digests.length) {
    const at = next++;
    digests[at] = await digestOf(`${name}/r${at}`);
  }
};
await Promise.all(Array.from({ length: 32 }, worker));

const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({
    hash: createHash("sha256").update(digests.join("\n")).digest("hex"),
    cpuSeconds: (user + system) / 1e6,
    maxRssMib: process.resourceUsage().maxRSS / 1024,
  })}\n`,
);
