/** What a command would do, as far as the simulation understands it. */
export interface CommandRun {
  readonly output: readonly { readonly afterMs: number; readonly text: string }[];
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
    return at < 0 ? undefined : interpretScript(rest[at + 1] ?? "");
  }
  return runAll([[name, ...rest]]);
}

function interpretScript(script: string): CommandRun | undefined {
  const loop = /^\s*(.*?)\s*while\s+(?:true|:)\s*;\s*do\b([\s\S]*?);?\s*done\s*;?\s*$/.exec(script);
  if (loop) {
    const before = runAll(parse(loop[1] ?? ""));
    const once = runAll(parse(loop[2] ?? ""));
    if (!before || !once) return undefined;
    const start = before.exit?.afterMs ?? 0;
    return { output: [...before.output, ...once.output.map((line) => ({ ...line, afterMs: line.afterMs + start }))] };
  }
  return runAll(parse(script));
}

/** The commands of a script, split at `;`, `&&` and line ends. */
const parse = (script: string): string[][] =>
  script
    .split(/&&|;|\n/)
    .map((part) => [...part.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? ""))
    .filter((words) => words.length > 0);

function runAll(commands: readonly (readonly string[])[]): CommandRun | undefined {
  const output: { afterMs: number; text: string }[] = [];
  let now = 0;
  for (const [name = "", ...args] of commands) {
    now += STEP_MS;
    switch (name) {
      case "echo":
        output.push({ afterMs: now, text: args.filter((arg) => arg !== "-n").join(" ") });
        break;
      case "sleep": {
        if (args[0] === "infinity") return { output };
        const ms = sleepMs(args[0]);
        if (ms === undefined) return { output, exit: { afterMs: now, code: 1 } };
        now += ms;
        break;
      }
      case "true":
      case ":":
        break;
      case "false":
        return { output, exit: { afterMs: now, code: 1 } };
      case "exit":
        return { output, exit: { afterMs: now, code: Number(args[0] ?? 0) & 0xff } };
      default:
        return undefined;
    }
  }
  return { output, exit: { afterMs: now, code: 0 } };
}

function sleepMs(text: string | undefined): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text ?? "") ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 }[(unit || "s") as "s" | "m" | "h" | "d"];
}
