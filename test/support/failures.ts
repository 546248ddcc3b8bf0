import { expect } from "vitest";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";

/** The `Failure` that `action` ends in; fails the test when it ends otherwise or with another code. */
export async function failureOf(action: () => unknown, code: FailureCode): Promise<Failure> {
  try {
    await action();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect([(error as Failure).code, (error as Failure).message]).toEqual([code, expect.any(String)]);
    return error as Failure;
  }
  throw new Error(`expected a Failure "${code}", but it succeeded`);
}
