import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Names (or their beginnings) of what to measure; empty: all. */
  readonly only: readonly string[];
  readonly quick: boolean;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
  /** Kubeconfigs of other clusters to measure in the same run. */
  readonly against: readonly string[];
}

export const USAGE = `npm run bench -- [--only NAME]… [--quick] [--json FILE] [--against KUBECONFIG]…

  --only NAME           only what is so named, or begins so: start, resident, creates, watch, get, list,
                        rollout, workloads, controllers, scheduler, containers, store
  --quick               less of everything: for a look, not for a figure to quote
  --json FILE           where the figures go (default bench/results/<date>.json)
  --against KUBECONFIG  run what clients do to the API on this cluster too, turn by turn, and print ratios
`;

export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true },
      quick: { type: "boolean" },
      json: { type: "string" },
      against: { type: "string", multiple: true },
    },
  });
  return {
    only: values.only ?? [],
    quick: values.quick ?? false,
    json: values.json,
    against: values.against ?? [],
  };
}
