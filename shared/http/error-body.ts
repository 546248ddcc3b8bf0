/**
 * An error is told by its status. Of its body no more than this is read, in bytes, and nothing that is wrong with the body
 * (too long, broken, packed in some way) may hide the status: a 429 with half a page is a 429.
 */
export const largestErrorBody = 64 * 1024;

export function isError(status: number): boolean {
  return status >= 400;
}
