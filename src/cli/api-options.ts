import { parseFeatureGates, parseRuntimeConfig, type ClusterOptions } from "#cluster";
import type { OptionHelp, ParsedArgs } from "./command.ts";

/** Options about what the API serves, as kube-apiserver spells them. */
export const API_OPTIONS: Readonly<Record<string, OptionHelp>> = {
  "runtime-config": {
    type: "string",
    multiple: true,
    value: "KEY=true|false,…",
    help: "serve APIs that are off by default, or not (api/all, api/beta, api/alpha, group/version, group/version/resource)",
  },
  "feature-gates": {
    type: "string",
    multiple: true,
    value: "NAME=true|false,…",
    help: "turn features on or off, by upstream's names (AllAlpha, AllBeta)",
  },
};

type Switches = Readonly<Record<string, boolean>>;

/** What of a cluster's options the command line says about its API. What is given several times adds up. */
export function apiOptionsOf(args: ParsedArgs): Partial<ClusterOptions> {
  const joined = (all: readonly Switches[]): Switches => Object.fromEntries(all.flatMap(Object.entries));
  const apis = args.all("runtime-config", parseRuntimeConfig);
  const gates = args.all("feature-gates", parseFeatureGates);
  return {
    ...(apis.length === 0 ? {} : { runtimeConfig: joined(apis) }),
    ...(gates.length === 0 ? {} : { featureGates: joined(gates) }),
  };
}
