import { Failure } from "../model/failure.ts";

/** Settings by name; what is wrong with one is noted under its name, and the next one is read. */
export interface SettingReader {
  /** Undefined for one that is not set, or of spaces alone. */
  get(name: string): string | undefined;
  /** Undefined too when it cannot be parsed. */
  read<T>(name: string, parse: (text: string) => T): T | undefined;
  /** Those whose name begins with `prefix`, with the rest of it. */
  named(prefix: string): readonly (readonly [name: string, variable: string])[];
  readonly problems: string[];
}

export function createSettingReader(
  environment: Readonly<Record<string, string | undefined>>,
): SettingReader {
  const problems: string[] = [];
  const get = (name: string) => environment[name]?.trim() || undefined;
  return {
    problems,
    get,
    read(name, parse) {
      const text = get(name);
      if (text === undefined) return undefined;
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        problems.push(`${name}: ${error.message}`);
        return undefined;
      }
    },
    named: (prefix) =>
      Object.keys(environment)
        .filter((variable) => variable.startsWith(prefix) && variable.length > prefix.length)
        .sort()
        .map((variable) => [variable.slice(prefix.length), variable] as const),
  };
}
