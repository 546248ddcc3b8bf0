import { admits, type Operator } from "./comparator.ts";
import type { CompareBytes } from "./precedence.ts";
import type { TagReader } from "./tag-reader.ts";

export interface Bound {
  readonly operator: Operator;
  /** Four numbers, those that are missing as 0. */
  readonly numbers: ArrayLike<number>;
  /** `release` has none; `lowest` stands before every prerelease of these numbers. */
  readonly prerelease: "release" | "lowest" | Uint8Array;
}

export interface VersionRange {
  /** Whether the version that `read` has just read out of `bytes` is within. */
  has(read: TagReader, bytes: Uint8Array): boolean;
  /** Whether a version with this first number may be within. */
  mayHave(major: number): boolean;
  /** Whether an upper bound keeps out the prereleases of the version that `read` has just read, and nothing else does. */
  shutsOutPrerelease(read: TagReader): boolean;
  /** The greatest first number that the range names; 0 when it names none, as `*`. */
  readonly greatestMajor: number;
  /** How prereleases of one version stand to each other. */
  readonly compare: CompareBytes;
}

/** A version is within when it meets all bounds of one of the alternatives. */
export function createVersionRange(
  alternatives: readonly (readonly Bound[])[],
  compare: CompareBytes,
): VersionRange {
  const greatestMajor = Math.max(0, ...alternatives.flat().map(({ numbers }) => numbers[0] ?? 0));
  const ranges = alternatives.map((bounds) => bounds.map(packed));
  return {
    has: (read, bytes) => {
      for (const bounds of ranges) {
        let within = true;
        for (let index = 0; within && index < bounds.length; index++) {
          const bound = bounds[index];
          within = bound === undefined || admits(bound.operator, orderOf(read, bytes, bound, compare));
        }
        if (within) return true;
      }
      return false;
    },
    mayHave: (major) =>
      ranges.some((bounds) =>
        bounds.every(({ operator, numbers: [first = 0] }) => {
          if (operator === "=") return major === first;
          return operator === "<" || operator === "<=" ? major <= first : major >= first;
        }),
      ),
    shutsOutPrerelease: ({ numbers, prereleaseStart, prereleaseEnd }) =>
      prereleaseStart < prereleaseEnd &&
      ranges
        .flat()
        .some(
          (bound) =>
            bound.operator === "<" &&
            bound.prerelease === "lowest" &&
            bound.numbers.every((number, index) => number === numbers[index]),
        ),
    greatestMajor,
    compare,
  };
}

interface PackedBound extends Bound {
  readonly numbers: Float64Array;
}

/** In the form in which tags are read: doubles compare with doubles. */
function packed(bound: Bound): PackedBound {
  return { ...bound, numbers: Float64Array.from(bound.numbers) };
}

function orderOf(
  read: TagReader,
  bytes: Uint8Array,
  { numbers, prerelease }: PackedBound,
  compare: CompareBytes,
): number {
  for (let index = 0; index < 4; index++) {
    const order = (read.numbers[index] ?? 0) - (numbers[index] ?? 0);
    if (order !== 0) return order;
  }
  const { prereleaseStart, prereleaseEnd } = read;
  if (prerelease === "lowest") return 1;
  if (prereleaseStart === prereleaseEnd) return prerelease === "release" ? 0 : 1;
  if (prerelease === "release") return -1;
  return compare(bytes, prereleaseStart, prereleaseEnd, prerelease, 0, prerelease.length);
}
