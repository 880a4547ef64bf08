import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Deployment, Pod, ReplicaSet } from "#objects";
import { commandAt, type Site } from "./site.ts";

/** What is seen of the cluster: the objects of the namespace by name, kept up to date by `kubectl get --watch`. */
export interface LiveCluster {
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly replicaSets: ReadonlyMap<string, ReplicaSet>;
  readonly pods: ReadonlyMap<string, Pod>;
  /** Calls `look` after every single change of an object; returns how to stop. */
  onChange(look: () => void): () => void;
  /** Resolves to whether the condition held before the time was over. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean>;
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: { readonly metadata: { readonly name?: string } };
}

export interface LiveClusterOptions {
  readonly site: Omit<Site, "dir">;
  /** Ends the watches; pending `until` calls reject. */
  readonly signal: AbortSignal;
}

/** Watches Deployments, ReplicaSets and Pods, as a user would in three terminals. */
export function watchCluster({ site, signal }: LiveClusterOptions): LiveCluster {
  const listeners = new Set<() => void>();
  const watch = <T>(resource: string): ReadonlyMap<string, T> => {
    const objects = new Map<string, T>();
    // One event a line.
    const take = (line: string) => {
      const { type, object } = JSON.parse(line) as WatchEvent;
      if (type === "DELETED") objects.delete(object.metadata.name!);
      else objects.set(object.metadata.name!, object as T);
      for (const look of listeners) look();
    };
    // kubectl ends when the server does; `signal` ends both.
    const args = ["get", resource, "--watch", "--output-watch-events", "--output", "json"];
    const [program, words] = commandAt(site, "kubectl", args);
    const child = spawn(program, words, { env: site.env, signal, stdio: ["ignore", "pipe", "ignore"] });
    child.on("error", () => {});
    createInterface(child.stdout).on("line", take);
    return objects;
  };
  const onChange = (look: () => void) => {
    listeners.add(look);
    return () => void listeners.delete(look);
  };
  return {
    deployments: watch<Deployment>("deployments.apps"),
    replicaSets: watch<ReplicaSet>("replicasets.apps"),
    pods: watch<Pod>("pods"),
    onChange,
    async until(condition, timeoutMs) {
      if (condition()) return true;
      const held = Promise.withResolvers<boolean>();
      const stop = onChange(() => condition() && held.resolve(true));
      const timeout = new AbortController();
      const either = AbortSignal.any([signal, timeout.signal]);
      try {
        return await Promise.race([held.promise, delay(timeoutMs, false, { signal: either })]);
      } finally {
        stop();
        timeout.abort();
      }
    },
  };
}
