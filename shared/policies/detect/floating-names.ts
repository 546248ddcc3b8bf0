const floatingNames: ReadonlySet<string> = new Set([
  "latest",
  "stable",
  "lts",
  "current",
  "mainline",
  "edge",
  "main",
  "master",
  "nightly",
  "rolling",
  "devel",
  "dev",
  "develop",
  "beta",
  "rc",
  "next",
  "canary",
  "release",
  "snapshot",
  "unstable",
  "testing",
  "oldstable",
  "production",
]);

/** Names that are known to move, as far as a name tells. */
export function isFloatingName(name: string): boolean {
  return floatingNames.has(name);
}
