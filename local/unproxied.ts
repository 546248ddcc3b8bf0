/**
 * NO_PROXY with this machine's own addresses, in each spelling that is set: the Azure SDKs proxy loopback too, unless they
 * are told not to.
 */
export function unproxied(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const names = environment.no_proxy === undefined ? ["NO_PROXY"] : ["NO_PROXY", "no_proxy"];
  const listed = environment.no_proxy ?? environment.NO_PROXY ?? "";
  const all = [...listed.split(/[\s,]+/).filter((entry) => entry !== ""), "127.0.0.1", "localhost"];
  return Object.fromEntries(names.map((name) => [name, [...new Set(all)].join(",")]));
}
