import { printable } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";

/** A recurring moment, in UTC. */
export interface Recurrence {
  /** The first occurrence strictly after `time`. */
  next(time: Date): Date;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const months = "January February March April May June July August September October November December".split(
  " ",
);
const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const fields: readonly Field[] = [
  { name: "second", least: 0, most: 59 },
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: months },
  { name: "day of week", least: 0, most: 6, names: weekdays },
];
const dayMs = 86_400_000;
// Leap days fall on each weekday within 28 years, 40 around a century without one.
const horizonDays = 366 * 41;

/**
 * Reads a six-field NCRONTAB expression as Azure's timers do: day AND weekday must match; no L, W, #, ? or nicknames.
 * Source: https://github.com/atifaziz/NCrontab. Throws `invalid`, also for what never occurs (30 February).
 */
export function parseNcrontab(expression: string): Recurrence {
  const parts = expression.split(" ").filter((part) => part !== "");
  if (parts.length !== fields.length) {
    throw bad(expression, `it has ${parts.length} fields, not six (second to day of week)`);
  }
  const [seconds, minutes, hours, days, months_, weekdays_] = fields.map((field, index) =>
    parseField(expression, field, parts[index] ?? ""),
  );
  if (!seconds || !minutes || !hours || !days || !months_ || !weekdays_)
    throw bad(expression, "a field is missing");
  const isDue = (day: Date): boolean =>
    months_.has(day.getUTCMonth() + 1) && days.has(day.getUTCDate()) && weekdays_.has(day.getUTCDay());
  const next = (time: Date): Date => {
    const earliest = Math.floor(time.getTime() / 1000) * 1000 + 1000;
    const firstDay = Math.floor(earliest / dayMs) * dayMs;
    for (let offset = 0; offset < horizonDays; offset += 1) {
      const midnight = firstDay + offset * dayMs;
      if (!isDue(new Date(midnight))) continue;
      const second = firstSecond([hours, minutes, seconds], Math.max(0, (earliest - midnight) / 1000));
      if (second !== undefined) return new Date(midnight + second * 1000);
    }
    throw bad(expression, "it never occurs");
  };
  next(new Date(0));
  return { next };
}

/** The first second of the day, not before `from`, whose hour, minute and second are all in their sets. */
function firstSecond(
  [hours, minutes, seconds]: readonly [ReadonlySet<number>, ReadonlySet<number>, ReadonlySet<number>],
  from: number,
): number | undefined {
  for (const hour of hours) {
    if (hour < Math.floor(from / 3600)) continue;
    for (const minute of minutes) {
      if (hour * 60 + minute < Math.floor(from / 60)) continue;
      for (const second of seconds) {
        const at = (hour * 60 + minute) * 60 + second;
        if (at >= from) return at;
      }
    }
  }
  return undefined;
}

/** The values of one field, ascending. */
function parseField(expression: string, field: Field, text: string): ReadonlySet<number> {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [, range = "", step] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const [start, end] = bounds(expression, field, { range, stepped: step !== undefined });
    const every = Math.max(1, Number(step ?? 1));
    for (let value = start; value <= end; value += every) values.add(value);
  }
  return new Set([...values].sort((a, b) => a - b));
}

function bounds(
  expression: string,
  field: Field,
  { range, stepped }: { readonly range: string; readonly stepped: boolean },
): readonly [number, number] {
  if (range === "*") return [field.least, field.most];
  const [first = "", last, ...more] = range.split("-");
  if (more.length > 0) throw bad(expression, `"${printable(range)}" is not a range of the ${field.name}`);
  const start = parseValue(expression, field, first);
  if (last === undefined) return [start, stepped ? field.most : start];
  const end = parseValue(expression, field, last);
  // NCrontab swaps a reversed range instead of wrapping it.
  return start <= end ? [start, end] : [end, start];
}

function parseValue(expression: string, field: Field, text: string): number {
  const isName = /^[a-z]+$/i.test(text);
  const named =
    field.names?.findIndex((name) => isName && name.toLowerCase().startsWith(text.toLowerCase())) ?? -1;
  const value = named >= 0 ? named + field.least : /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.least && value <= field.most) return value;
  throw bad(expression, `"${printable(text)}" is not a ${field.name} from ${field.least} to ${field.most}`);
}

function bad(expression: string, why: string): Failure {
  return new Failure(
    "invalid",
    `The timer schedule "${printable(expression)}" cannot be used: ${why}. Example: "0 */5 * * * *"`,
  );
}
