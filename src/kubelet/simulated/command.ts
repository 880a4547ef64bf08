import type { TimedLine, Timeline } from "./timeline.ts";

/** What a command would do, as far as the simulation understands it. */
export interface CommandRun {
  readonly output: Timeline;
  /** Absent: it runs for ever. */
  readonly exit?: { readonly afterMs: number; readonly code: number };
}

/** Starting a process takes this long. */
const STEP_MS = 10;

/**
 * Understands what people put into a Pod to try something out: echo, sleep, true, false, exit, and `sh -c` with
 * these joined by `;` and `&&`, and a loop for ever around them. Undefined for anything else: that is taken to
 * be a server.
 */
export function interpretCommand(words: readonly string[]): CommandRun | undefined {
  const [program = "", ...rest] = words;
  const name = program.split("/").at(-1)!;
  if (["sh", "bash", "ash"].includes(name)) {
    const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
    return at < 0 ? undefined : interpretScript(rest[at + 1] ?? "", rest[at]!.includes("e"));
  }
  return finished(runAll([{ words: [name, ...rest], onSuccess: false }]));
}

/** `strict`: the shell ends with the first command that fails. */
function interpretScript(script: string, strict: boolean): CommandRun | undefined {
  const loop = /^\s*(.*?)\s*while\s+(?:true|:)\s*;\s*do\b([\s\S]*?);?\s*done\s*;?\s*$/.exec(script);
  if (!loop) return finished(runAll(parse(script, strict)));
  const before = runAll(parse(loop[1] ?? "", strict));
  const turn = runAll(parse(loop[2] ?? "", strict));
  if (!before || !turn) return undefined;
  if (before.ends || (strict && before.code !== 0)) return finished(before);
  if (turn.ends || (strict && turn.code !== 0))
    return finished({ ...turn, lines: [...before.lines, ...later(turn.lines, before.ms)], ms: before.ms + turn.ms });
  const periodMs = Math.max(STEP_MS, turn.ms);
  return { output: { lines: before.lines, loop: { startMs: before.ms, periodMs, lines: turn.lines } } };
}

const later = (lines: readonly TimedLine[], ms: number) =>
  lines.map(({ afterMs, text }) => ({ afterMs: afterMs + ms, text }));

interface Command {
  readonly words: readonly string[];
  /** It is run only if the one before has succeeded: `&&` stands between them. */
  readonly onSuccess: boolean;
}

/** A word, of pieces with and without quotes; or what stands between two commands. */
const TOKEN = /((?:"[^"]*"|'[^']*'|[^\s;&"'])+)|(&&|;|\n)/g;

/** The commands of a script, split at `;`, `&&` and line ends. */
function parse(script: string, strict: boolean): readonly Command[] {
  const commands: Command[] = [];
  let words: string[] = [];
  let onSuccess = strict;
  const end = () => {
    if (words.length > 0) commands.push({ words, onSuccess });
    words = [];
  };
  for (const [, word, separator] of script.matchAll(TOKEN)) {
    if (word !== undefined) {
      words.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, a?: string, b?: string) => a ?? b ?? ""));
      continue;
    }
    end();
    onSuccess = strict || separator === "&&";
  }
  end();
  return commands;
}

interface Sequence {
  readonly lines: readonly TimedLine[];
  /** How long it takes; Infinity when it never ends. */
  readonly ms: number;
  readonly code: number;
  /** It ends the script, whatever follows. */
  readonly ends: boolean;
}

const finished = (sequence: Sequence | undefined): CommandRun | undefined =>
  sequence && {
    output: { lines: sequence.lines },
    ...(sequence.ms === Infinity ? {} : { exit: { afterMs: sequence.ms, code: sequence.code } }),
  };

function runAll(commands: readonly Command[]): Sequence | undefined {
  const lines: TimedLine[] = [];
  let ms = 0;
  let code = 0;
  for (const {
    words: [name = "", ...args],
    onSuccess,
  } of commands) {
    if (onSuccess && code !== 0) continue;
    ms += STEP_MS;
    const last = code;
    code = 0;
    switch (name) {
      case "echo":
        lines.push({ afterMs: ms, text: args.filter((arg) => arg !== "-n" && arg !== "-e").join(" ") });
        break;
      case "sleep": {
        const slept = args[0] === "infinity" ? Infinity : sleepMs(args[0]);
        if (slept === undefined) {
          code = 1;
          break;
        }
        ms += slept;
        if (slept === Infinity) return { lines, ms, code: 0, ends: true };
        break;
      }
      case "true":
      case ":":
        break;
      case "false":
        code = 1;
        break;
      case "exit":
        return { lines, ms, code: Number(args[0] ?? last) & 0xff, ends: true };
      default:
        return undefined;
    }
  }
  return { lines, ms, code, ends: false };
}

function sleepMs(text: string | undefined): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text ?? "") ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 }[(unit || "s") as "s" | "m" | "h" | "d"];
}
