import { parseArgs, type ParseArgsOptionDescriptor } from "node:util";
import { UsageError } from "./usage-error.ts";

/** Where a command reads from and writes to; handed in, so that tests can look. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly isTty: boolean;
}

export interface OptionHelp extends ParseArgsOptionDescriptor {
  /** How the value is called in the help: DIR, N. Absent for switches. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** More for `knarr help <command>`. */
  readonly details?: string;
  readonly options: Readonly<Record<string, OptionHelp>>;
  /** Names of positional arguments, for the help: `[command]`; one that ends with `…` takes any number. */
  readonly positionals?: readonly string[];
  /** Resolves to the exit code. */
  readonly run: (args: ParsedArgs, terminal: Terminal) => Promise<number>;
}

/** The options and arguments of one call, every one of them known and of the right form. */
export interface ParsedArgs {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  /** Every value of an option that may be given several times, each read by `parse`. */
  all<T>(name: string, parse: (text: string) => T): readonly T[];
  /** The values of an option as they were given; none when it was not. */
  given(name: string): readonly string[];
  /** With these values of options instead of those that were given. */
  with(values: Readonly<Record<string, readonly string[]>>): ParsedArgs;
  /** A whole number in [min, max]. */
  number(name: string, min: number, max: number): number | undefined;
  /** One of `choices`. */
  choice<const T extends string>(name: string, choices: readonly T[]): T | undefined;
}

/** Parses the arguments of a command; throws {@link UsageError} with one line that says what is wrong. */
export function parseCommandArgs(command: Command, args: readonly string[]): ParsedArgs {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: Object.fromEntries(
        Object.entries(command.options).map(([name, { type, short, multiple = false }]) => [
          name,
          { type, multiple, ...(short ? { short } : {}) },
        ]),
      ),
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    // parseArgs explains at length how to pass a positional that looks like an option: the first sentence is enough.
    throw new UsageError((error as Error).message.split(/\. |\n/)[0]!);
  }
  const { positionals } = parsed;
  const allowed = command.positionals?.at(-1)?.endsWith("…") ? Infinity : (command.positionals?.length ?? 0);
  if (positionals.length > allowed) throw new UsageError(`Unexpected argument '${positionals[allowed]}'`);
  return argsOf(command, positionals, parsed.values as Values);
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function argsOf(command: Command, positionals: readonly string[], values: Values): ParsedArgs {
  const text = (name: string) => {
    const value = values[name];
    if (value === "") throw new UsageError(`Option '--${name}' is empty: expected ${command.options[name]?.value}`);
    return typeof value === "string" ? value : undefined;
  };
  return {
    positionals,
    flag: (name) => values[name] === true,
    text,
    all(name, parse) {
      const value = values[name];
      const texts = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
      return texts.map((one) => {
        try {
          return parse(one);
        } catch (error) {
          throw new UsageError(`Option '--${name}': ${(error as Error).message}`);
        }
      });
    },
    given(name) {
      const value = values[name];
      return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
    },
    with(others) {
      const replaced = Object.entries(others).map(([name, [first, ...rest]]) => {
        const isMultiple = command.options[name]?.multiple === true;
        return [name, isMultiple && first !== undefined ? [first, ...rest] : first] as const;
      });
      return argsOf(command, positionals, { ...values, ...Object.fromEntries(replaced) });
    },
    number(name, min, max) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = Number(value);
      if (!/^\d+$/.test(value) || number < min || number > max) {
        throw new UsageError(
          `Option '--${name}' is ${JSON.stringify(value)}: expected a whole number from ${min} to ${max}`,
        );
      }
      return number;
    },
    choice(name, choices) {
      const value = text(name);
      if (value === undefined) return undefined;
      const found = choices.find((choice) => choice === value);
      if (!found)
        throw new UsageError(`Option '--${name}' is ${JSON.stringify(value)}: expected one of ${choices.join(", ")}`);
      return found;
    },
  };
}
