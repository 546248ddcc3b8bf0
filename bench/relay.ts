import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/* Puts a distance between two ends of a TCP connection, as a process of its own: port to go to, milliseconds each way. */

const [port = 0, delayMs = 0] = process.argv.slice(2).map(Number);

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  delay(near, far);
  delay(far, near);
});

/** Timers of one length end in the order in which they began, so that the bytes keep theirs. */
function delay(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on("data", (bytes) => setTimeout(() => to.write(bytes), delayMs));
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("error", () => to.destroy());
  from.on("close", () => setTimeout(() => to.destroySoon(), delayMs));
}

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
