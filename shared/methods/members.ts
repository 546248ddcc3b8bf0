import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { acrImport } from "./acr-import.ts";
import { agentPool } from "./agent-pool.ts";
import { auto } from "./auto.ts";
import { bundle } from "./bundle.ts";
import { cacheRule } from "./cache-rule.ts";
import { copy } from "./copy.ts";
import type { Method } from "./method.ts";
import type { MethodMember, MethodPorts } from "./method-member.ts";

// Every way in. A new one is one file and one line here.
const members = [
  acrImport, //
  agentPool,
  cacheRule,
  bundle,
  copy,
  auto,
] as const satisfies readonly MethodMember[];

export type MethodKind = (typeof members)[number]["kind"];

export const methodKinds: readonly MethodKind[] = members.map(({ kind }) => kind);

/** Reads a method's name, as in a watch's `Method` column. Throws `invalid`, naming those that there are. */
export function parseMethodKind(text: string): MethodKind {
  return memberOf(text).kind;
}

/** From where upstream sees a method's pulls come, and against which quota they count. */
export function pullsOf(kind: MethodKind): string {
  return memberOf(kind).pulls;
}

/** Whether a look at the target is answered from upstream, and proves nothing before the method has said done. */
export function readsThrough(kind: MethodKind): boolean {
  const { target }: MethodMember = memberOf(kind);
  return target === "reads-through";
}

/** Opens methods on first use, so that one that is not configured fails only those who ask for it. */
export interface Methods {
  /** Throws `invalid`, naming the setting that the method lacks. */
  open(kind: MethodKind): Method;
}

export function createMethods(ports: MethodPorts): Methods {
  const opened = new Map<string, Method>();
  const open = (kind: string): Method => {
    const method = opened.get(kind) ?? memberOf(kind).create({ ...ports, open });
    opened.set(kind, method);
    return method;
  };
  return { open };
}

function memberOf(text: string): (typeof members)[number] {
  const member = members.find(({ kind }) => kind === text);
  if (member !== undefined) return member;
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not a method: must be one of ${methodKinds.join(", ")}`,
  );
}
