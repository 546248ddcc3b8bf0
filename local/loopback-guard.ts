/** The two headers that tell a request of this machine from one that a web page made a browser send. */
export interface Approach {
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/**
 * Why a request to a loopback server on `port` must be answered with 403, or undefined when it may pass. A foreign Host
 * means DNS rebinding, a foreign Origin a page of another site; neither is ever one of ours.
 */
export function refusalFor({ host, origin }: Approach, port: number): string | undefined {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  if (host === undefined || !own.includes(host.toLowerCase())) {
    return `This server is for this machine only: the Host header must be one of ${own.join(", ")}.`;
  }
  if (
    origin !== undefined &&
    !own.some((name) => origin === `http://${name}` || origin === `https://${name}`)
  ) {
    return "This server is for this machine only: it answers no page of another origin.";
  }
  return undefined;
}
