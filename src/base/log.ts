export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, unknown>>;
export type LogSink = (level: LogLevel, message: string, fields: LogFields) => void;

/** Structured log lines. Never hand it a secret: no token, key or Secret's data. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to each of its lines. */
  with(fields: LogFields): Log;
}

/** Makes a log that hands its lines to `sink`. */
export function createLog(sink: LogSink, common: LogFields = {}): Log {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    sink(level, message, fields ? { ...common, ...fields } : common);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLog(sink, { ...common, ...fields }),
  };
}

/** Drops every line. */
export const silentLog: Log = createLog(() => {});
