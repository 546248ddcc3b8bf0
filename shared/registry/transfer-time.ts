/** The slowest transfer that we sit through, in bytes a second. */
const slowest = 64 * 1024;

/** Milliseconds within which so many bytes must be through: a minute, and more for what is large. */
export function transferDeadlineMs(bytes: number): number {
  // Timers take at most 2^31 - 1 ms.
  return Math.min(60_000 + Math.ceil((bytes / slowest) * 1000), 2_147_483_647);
}
