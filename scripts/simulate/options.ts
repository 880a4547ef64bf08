// What `npm run simulate -- …` was asked for: pure.
import { messageOf } from "#base";
import { parseArgs } from "node:util";

export interface SimulateOptions {
  readonly seeds: number;
  /** The first seed. */
  readonly from: number;
  /** Virtual seconds in which things fail. */
  readonly seconds: number;
  /** What is underneath: memory, or the durable store in a temporary directory. */
  readonly store: "memory" | "lmdb";
  /** Prints the transcript of every seed. */
  readonly verbose: boolean;
  /** Set for the processes that the first one starts. */
  readonly worker: boolean;
}

export const USAGE = `npm run simulate [-- [options]]
  --seeds N    how many seeds (default: 100)
  --from N     the first seed (default: 1)
  --seconds N  virtual seconds in which things fail (default: 60)
  --store NAME memory (the default), or lmdb: the durable store, in a temporary directory
  --verbose    print the transcript of every seed`;

/** A string says what is wrong. */
export function parseOptions(args: readonly string[]): SimulateOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: "string", default: "100" },
        from: { type: "string", default: "1" },
        seconds: { type: "string", default: "60" },
        store: { type: "string", default: "memory" },
        verbose: { type: "boolean", default: false },
        worker: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return USAGE;
    const [seeds, from, seconds] = [Number(values.seeds), Number(values.from), Number(values.seconds)];
    if (![seeds, from, seconds].every((value) => Number.isSafeInteger(value) && value > 0)) {
      return `--seeds, --from and --seconds take whole numbers above 0\n${USAGE}`;
    }
    const { store } = values;
    if (store !== "memory" && store !== "lmdb") return `--store is memory or lmdb\n${USAGE}`;
    return { seeds, from, seconds, store, verbose: values.verbose, worker: values.worker };
  } catch (error) {
    return `${messageOf(error)}\n${USAGE}`;
  }
}
