import { resolve } from "node:path";
import {
  announceRunning,
  checkKubeconfig,
  commandFor,
  forgetRunning,
  mergeKubeconfig,
  parseRegistryAuthority,
  parseRegistryMirror,
  StartError,
  startCluster,
  VERSION,
  type Cluster,
  type ClusterOptions,
  type Merged,
  type RegistrySettings,
} from "#cluster";
import { createLog, systemClock } from "#base";
import { API_OPTIONS, apiOptionsOf } from "../api-options.ts";
import { DATA_DIR, dataDirOf } from "../common-options.ts";
import type { Command, ParsedArgs, Terminal } from "../command.ts";
import { isDetached, reportReady, startDetached } from "../detach.ts";
import { leftRunning } from "../left-running.ts";
import { recallContext, rememberContext } from "../merged-context.ts";
import { combineOptions, recallOptions, rememberOptions } from "../kept-options.ts";
import { NODE_OPTIONS, nodeOptionsOf } from "../node-options.ts";
import { untilSignal } from "../signals.ts";

const MAX_NODES = 5000;
const STOP_PATIENCE_MS = 5_000;

interface UpOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly bind: string;
  readonly nodes: number;
  readonly runtime: "auto" | "simulated" | "containerd";
  readonly node: Partial<ClusterOptions>;
  readonly api: Partial<ClusterOptions>;
  readonly store: "lmdb" | "memory";
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly switchContext: boolean;
  readonly detach: boolean;
  readonly registries: RegistrySettings;
}

function optionsOf(args: ParsedArgs, terminal: Terminal): UpOptions {
  const kubeconfig = args.text("kubeconfig");
  return {
    dataDir: dataDirOf(args, terminal),
    port: args.number("port", 0, 65535) ?? 6443,
    bind: args.text("bind") ?? "127.0.0.1",
    nodes: args.number("nodes", 0, MAX_NODES) ?? 1,
    runtime: args.choice("runtime", ["auto", "simulated", "containerd"]) ?? "auto",
    node: nodeOptionsOf(args),
    api: apiOptionsOf(args),
    store: args.choice("store", ["lmdb", "memory"]) ?? "lmdb",
    kubeconfig: kubeconfig === undefined ? undefined : resolve(kubeconfig),
    context: args.text("context"),
    switchContext: !args.flag("no-switch-context"),
    detach: args.flag("detach"),
    registries: {
      mirrors: args.all("registry-mirror", parseRegistryMirror),
      authorities: args
        .all("registry-ca", parseRegistryAuthority)
        .map(({ host, file }) => ({ host, file: resolve(file) })),
    },
  };
}

/** JSON has no form of its own for errors: their stack, which begins with name and message. */
const withErrors = (_key: string, value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : value);

async function run(given: ParsedArgs, terminal: Terminal): Promise<number> {
  const dataDir = dataDirOf(given, terminal);
  const combined = combineOptions(given, recallOptions(dataDir));
  const options = optionsOf(given.with(combined.all), terminal);
  const target = { explicit: options.kubeconfig, env: terminal.env, clock: systemClock };
  // Before anything is started: a kubeconfig that cannot be merged into stops everything.
  const last = recallContext(dataDir);
  const owner = { dataDir, asked: options.context, before: last?.context };
  await checkKubeconfig(target, owner);
  if (options.detach) return startDetached(options.dataDir, terminal);

  const log = createLog((level, message, fields) => {
    if (level === "warn" || level === "error")
      terminal.err(`${level}: ${message} ${JSON.stringify(fields, withErrors)}`);
  });
  const stopped = untilSignal();
  const cluster = await startCluster({
    dataDir: options.dataDir,
    port: options.port,
    bind: options.bind,
    nodes: options.nodes,
    runtime: options.runtime,
    store: options.store,
    ...options.node,
    ...options.api,
    registries: options.registries,
    log,
  });
  const { containerdSocket } = options.node;
  try {
    const merged = await mergeKubeconfig(target, owner, await cluster.access(), options.switchContext);
    const { name: context, path: kubeconfig } = merged;
    const previous = merged.previous === context ? last?.previous : merged.previous;
    await rememberContext(options.dataDir, { context, kubeconfig, ...(previous ? { previous } : {}) });
    await announceRunning(options.dataDir, {
      server: cluster.server!,
      version: VERSION,
      ...(containerdSocket === undefined ? {} : { containerdSocket }),
      startedAt: systemClock.now(),
    });
    if (options.store !== "memory") await rememberOptions(dataDir, combined.all);
    const before = combined.before === "" ? [] : [`as before: ${combined.before}`];
    const stop = isDetached(terminal) ? "Stop it with: " : "Stop it with Ctrl-C or: ";
    reportReady(terminal, {
      lines: [...describe(cluster, options, merged, before), stop + commandFor(dataDir, "down", terminal.env)],
    });
    await stopped;
  } finally {
    // As `down` says it: Ctrl-C ends the process, and not the containers.
    const left = cluster.runtime === "containerd" ? await leftRunning(dataDir, terminal.env) : undefined;
    const patience = systemClock.setTimeout(() => {
      terminal.err("warn: something does not stop; leaving it behind");
      process.exit(1);
    }, STOP_PATIENCE_MS);
    await cluster.stop();
    await forgetRunning(options.dataDir);
    patience.cancel();
    if (left !== undefined) terminal.out(left);
  }
  return 0;
}

function describe(cluster: Cluster, options: UpOptions, merged: Merged, before: readonly string[]): string[] {
  const { name: context, path: kubeconfig } = merged;
  const nodes = `${options.nodes} ${cluster.runtime} node${options.nodes === 1 ? "" : "s"}`;
  const kept = options.store === "memory" ? "nothing is kept (memory store)" : `data in ${options.dataDir}`;
  const file = options.kubeconfig === undefined ? "" : ` --kubeconfig ${kubeconfig}`;
  const kubectl = `kubectl${file}${options.switchContext ? "" : ` --context ${context}`}`;
  return [
    `Kubernetes ${VERSION} at ${cluster.server}, ${nodes}, ${kept}`,
    ...before,
    ...cluster.notes,
    `kubeconfig: context "${context}" in ${kubeconfig}${currentText(merged, options)}`,
    ...(merged.instead ? [`context "${merged.instead.name}" there belongs to ${merged.instead.of}`] : []),
    `ready in ${Math.round(cluster.readyMs)} ms`,
    "",
    `Try: ${kubectl} create deployment web --image=nginx --replicas=3`,
    `     ${kubectl} get pods -o wide`,
  ];
}

/** Whether kubectl speaks to another cluster now than before. */
function currentText({ name, previous }: Merged, { switchContext }: UpOptions): string {
  if (previous === "" || previous === name) return "";
  return switchContext ? `, the current one now instead of "${previous}"` : `; the current one is still "${previous}"`;
}

export const up: Command = {
  name: "up",
  summary: "Starts a cluster and stays in the foreground.",
  options: {
    detach: { type: "boolean", help: "return once the cluster is ready, and leave it running" },
    "data-dir": DATA_DIR,
    port: { type: "string", value: "N", help: "port of the API server (default 6443; 0: any free one)" },
    bind: { type: "string", value: "ADDR", help: "address of the API server (default 127.0.0.1)" },
    nodes: {
      type: "string",
      value: "N",
      help: "how many nodes (default 1); fewer than before: the others are removed, with their Pods",
    },
    runtime: { type: "string", value: "auto|simulated|containerd", help: "what runs the containers (default auto)" },
    ...NODE_OPTIONS,
    ...API_OPTIONS,
    store: { type: "string", value: "lmdb|memory", help: "where the data is kept (default lmdb)" },
    "registry-mirror": {
      type: "string",
      multiple: true,
      value: "REGISTRY=URL",
      help: "ask this mirror before the registry (docker.io=http://127.0.0.1:5000); may be repeated",
    },
    "registry-ca": {
      type: "string",
      multiple: true,
      value: "HOST=FILE",
      help: "trust the certificates in this file for a registry or mirror; may be repeated",
    },
    kubeconfig: {
      type: "string",
      value: "FILE",
      help: "merge the context into this file (default: the one kubectl uses)",
    },
    context: {
      type: "string",
      value: "NAME",
      help: "name of the context (default: as before, or knarr, or one made from DIR)",
    },
    "no-switch-context": { type: "boolean", help: "do not make it the current context" },
  },
  details: "The same data directory again resumes the same cluster, with the options that it was started with before.",
  run: async (args, terminal) => {
    try {
      return await run(args, terminal);
    } catch (error) {
      if (error instanceof StartError) {
        reportReady(terminal, { error: error.message });
        return 1;
      }
      throw error;
    }
  },
};
