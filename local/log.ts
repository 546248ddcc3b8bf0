export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where one-machine mode writes what it does; `facts` are short and hold no secrets. */
export type Log = (
  level: LogLevel,
  message: string,
  facts?: Readonly<Record<string, string | number>>,
) => void;
