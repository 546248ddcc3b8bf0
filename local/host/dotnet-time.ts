/** A time as .NET's JSON writers give it to functions: whole seconds, with the offset of UTC. */
export function dotnetTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}+00:00`;
}
