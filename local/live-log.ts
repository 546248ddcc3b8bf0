import type { Log } from "./log.ts";

/** Turns the functions' log lines into what a person wants to follow; the rest is dropped unless it warns. */
export function createLiveLog(write: (line: string) => void): Log {
  return (level, message) => {
    const step = parseStep(message);
    if (step !== undefined) {
      const text = describeStep(step);
      if (text !== undefined) write(`${clock()}  ${text}`);
      return;
    }
    // A child's lines all come as debug, with the child's own level inside.
    const inner = /^functions: \S+ (warn|error) (.*)$/.exec(message);
    if (inner !== null) write(`${clock()}  ${inner[1]}: ${inner[2]}`);
    else if (level === "warn" || level === "error") write(`${clock()}  ${level}: ${message}`);
  };
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}

type Facts = Readonly<Record<string, unknown>>;

interface Step {
  readonly name: string;
  readonly result: Facts;
}

/** `… info poll: {"polled":3,…}` as the functions host prints what a step logged. */
function parseStep(message: string): Step | undefined {
  const match = /\binfo (schedule|poll|import|follow|notify|sweep|bury-\w+): (\{.*\})$/.exec(message);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  try {
    return { name: match[1], result: JSON.parse(match[2]) as Facts };
  } catch {
    return undefined;
  }
}

function describeStep({ name, result }: Step): string | undefined {
  if (name === "poll") return describePoll(result);
  if (name === "import") return describeImport(result);
  if (name === "follow" && Number(result.ordered) > 0)
    return `follow  ${result.ordered} to import: signatures, attestations, SBOMs and the like`;
  if (name === "notify" && result.kind === "sent") {
    return `notify  ${result.channel}: one message for ${result.events} event${result.events === 1 ? "" : "s"}`;
  }
  if (name === "notify" && result.kind === "put-off")
    return `notify  ${result.channel}: put off: ${result.reason}`;
  if (name.startsWith("bury")) return `bury    a message of ${name.slice(5)} could not be processed`;
  return undefined;
}

function describePoll({ polled, ordered, moved, troubled, deferred, until }: Facts): string {
  const count = Number(polled) + Number(troubled ?? 0) + Number(deferred ?? 0);
  const parts = [
    ...(ordered ? [`${ordered} to import`] : []),
    ...(moved ? [`${moved} moved upstream, held`] : []),
    ...(troubled ? [`${troubled} in trouble (see wharfgate status)`] : []),
    ...(deferred ? [`${deferred} put off until ${until}`] : []),
  ];
  return `poll    ${count} watch${count === 1 ? "" : "es"}: ${parts.join(", ") || "nothing new"}`;
}

function describeImport(result: Facts): string | undefined {
  const view = result.import as Facts | undefined;
  if (view === undefined) return undefined;
  const { state, source, target, digest, reason } = view;
  const method =
    view.via === undefined || view.via === view.method ? view.method : `${view.method}: ${view.via}`;
  if (state === "done")
    return `import  ${target} proven ${String(digest).slice(0, 19)}…  from ${source} by ${method}`;
  if (state === "running") return undefined;
  return `import  ${source} by ${method}: ${state}: ${reason}`;
}
