const pattern = /^(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** Milliseconds of a .NET TimeSpan `[d.]hh:mm[:ss[.fffffff]]`, or undefined for any other text. */
export function parseTimeSpan(text: string): number | undefined {
  const match = pattern.exec(text.trim());
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1, 5).map((part) => Number(part ?? 0));
  if (days === undefined || hours === undefined || minutes === undefined || seconds === undefined)
    return undefined;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const fraction = Number(`0.${match[5] ?? "0"}`);
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + Math.round(fraction * 1000);
}
