import { resolve } from "node:path";
import { dataFile, shellWord } from "#cluster";
import type { ParsedArgs } from "./command.ts";

/** Values of options by their names, each as it stands on a command line. */
export type KeptOptions = Readonly<Record<string, readonly string[]>>;

const isWords = (value: unknown) => Array.isArray(value) && value.every((word) => typeof word === "string");

const FILE = dataFile<KeptOptions>("options.json", {
  expected: 'a list of texts for each option: {"nodes":["3"]}',
  isValid: (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isWords),
  without: "the cluster then starts with the options of the command line only",
});

const asItIs = (text: string) => text;
const path = (text: string) => resolve(text);
const withPath = (text: string) => {
  const at = text.indexOf("=") + 1;
  return text.slice(0, at) + resolve(text.slice(at));
};

/**
 * Which options of `up` are a property of the cluster, and how their values read wherever the next `up` is called from.
 * What runs the nodes and what the context is called are kept by themselves; where the data is kept is known by then.
 */
const KEPT: Readonly<Record<string, (text: string) => string>> = {
  nodes: asItIs,
  port: asItIs,
  bind: asItIs,
  "runtime-config": asItIs,
  "feature-gates": asItIs,
  "node-name": asItIs,
  "node-address": asItIs,
  "load-balancer-address": asItIs,
  "registry-mirror": asItIs,
  "registry-ca": withPath,
  "containerd-socket": (text) => path(text.replace(/^unix:\/\//, "")),
  "static-pods": path,
  kubeconfig: path,
};

/**
 * What earlier calls of `up` have asked for, for the cluster in a data directory.
 *
 * @throws StartError when the note of it is damaged.
 */
export const recallOptions = (dataDir: string): KeptOptions => FILE.read(dataDir) ?? {};

export const rememberOptions = (dataDir: string, options: KeptOptions): Promise<void> => FILE.write(dataDir, options);

export interface CombinedOptions {
  /** What is asked for now, and of what was asked for before the rest. */
  readonly all: KeptOptions;
  /** What comes from before, as words of a command line; empty when there is nothing. */
  readonly before: string;
}

/** Options that are given replace those of before, with all their values. */
export function combineOptions(args: ParsedArgs, kept: KeptOptions): CombinedOptions {
  const all: Record<string, readonly string[]> = {};
  const before: string[] = [];
  for (const [name, absolute] of Object.entries(KEPT)) {
    const given = args.given(name);
    const values = given.length > 0 ? given.map(absolute) : (kept[name] ?? []);
    if (values.length === 0) continue;
    all[name] = values;
    if (given.length === 0) before.push(...values.map((value) => `--${name} ${shellWord(value)}`));
  }
  return { all, before: before.join(" ") };
}
