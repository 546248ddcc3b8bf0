import { Failure } from "../model/failure.ts";
import type { Progress } from "./method.ts";

/**
 * Runs a method's call: a `Failure` that no repetition mends becomes `refused`, a transient one goes on to
 * the caller.
 */
export async function refuseLasting(call: () => Promise<Progress>): Promise<Progress> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Failure) || error.transient) throw error;
    return { kind: "refused", code: error.code, reason: error.message };
  }
}
