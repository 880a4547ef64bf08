/** Spans of time: Go's notation, and kubectl's ages. */

/** Nanoseconds. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n, // U+00B5
  μs: 1000n, // U+03BC
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const MAX_NS = 2n ** 63n - 1n;
/** Go's time package prints what is not ASCII byte by byte. */
function quote(text: string): string {
  let result = "";
  for (const byte of new TextEncoder().encode(text)) {
    if (byte >= 0x80 || byte < 0x20) result += `\\x${byte.toString(16).padStart(2, "0")}`;
    else result += byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  }
  return `"${result}"`;
}

const wrong = (text: string) => new Error(`time: invalid duration ${quote(text)}`);

/** Milliseconds (with a fraction) of `1h30m`, `-1.5s`, `0`. Throws an Error with Go's text (time.ParseDuration). */
export function parseDuration(text: string): number {
  const negative = text.startsWith("-");
  let rest = negative || text.startsWith("+") ? text.slice(1) : text;
  if (rest === "0") return 0;
  if (rest === "") throw wrong(text);
  let total = 0n;
  while (rest !== "") {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest)!;
    const [whole = "", fraction = ""] = [number[1], number[2]];
    if (whole === "" && fraction === "") throw wrong(text);
    rest = rest.slice(number[0].length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === "") throw new Error(`time: missing unit in duration ${quote(text)}`);
    const scale = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (scale === undefined) {
      throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    }
    rest = rest.slice(unit.length);
    if (whole.length > 20) throw wrong(text);
    const digits = fraction.slice(0, 18);
    total += BigInt(whole || "0") * scale;
    if (digits !== "") total += (BigInt(digits) * scale) / 10n ** BigInt(digits.length);
    if (total > MAX_NS + (negative ? 1n : 0n)) throw wrong(text);
  }
  // Beyond 104 days nanoseconds are no exact numbers any more, milliseconds are.
  const ms = Number(total / 1_000_000n) + Number(total % 1_000_000n) / 1e6;
  return negative ? -ms : ms;
}

const trimmed = (value: number, digits: number) => value.toFixed(digits).replace(/\.?0+$/, "");

/** `1h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`: Go's text for a number of milliseconds (time.Duration.String). */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  let whole = Math.trunc(Math.abs(ms));
  let ns = Math.round((Math.abs(ms) - whole) * 1e6);
  if (ns === 1_000_000) [whole, ns] = [whole + 1, 0];
  if (whole === 0) {
    if (ns === 0) return "0s";
    return ns < 1000 ? `${sign}${ns}ns` : `${sign}${trimmed(ns / 1000, 3)}µs`;
  }
  if (whole < 1000) return `${sign}${trimmed(whole + ns / 1e6, 6)}ms`;
  const minutes = Math.floor(whole / 60_000);
  const rest = whole - minutes * 60_000;
  const seconds = `${trimmed((rest * 1e6 + ns) / 1e9, 9)}s`;
  if (minutes === 0) return `${sign}${seconds}`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60}m${seconds}`;
}

/** An age with two or three significant figures, as kubectl prints it: 5s, 2m30s, 3h, 5d3h, 2y30d (duration.HumanDuration). */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  // A little below zero is two clocks that differ.
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return both(days, "d", hours % 24, "h");
  if (days < 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return days < 365 * 8 ? both(years, "y", days % 365, "d") : `${years}y`;
}

const both = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
