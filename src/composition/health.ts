import type { HealthCheck, HealthChecks } from "#apiserver";
import type { Store } from "#store";
import type { Unready } from "./readiness.ts";

/** What upstream's API server does after it has started and is done here before a cluster is ready, by its names. */
const BOOTSTRAP_HOOKS = [
  "start-system-namespaces-controller",
  "scheduling/bootstrap-system-priority-classes",
  "bootstrap-controller",
  "start-kubernetes-service-cidr-controller",
];

export interface HealthOptions {
  readonly store: Store;
  /** Whether the API server's own caches were filled once. */
  readonly synced: () => boolean;
  /** Whether the objects that every cluster has are there. */
  readonly bootstrapped: () => boolean;
  readonly unready: Unready;
  /** Aborts when the server begins to stop. */
  readonly stopping: AbortSignal;
}

/** The checks of `/healthz`, `/livez` and `/readyz` under upstream's names and in its order, where there is such a thing. */
export function healthChecks({ store, synced, bootstrapped, unready, stopping }: HealthOptions): HealthChecks {
  const answers = (name: string): HealthCheck => ({
    name,
    async check() {
      await store.get("/registry/health");
    },
  });
  const when = (name: string, isWell: () => boolean, otherwise: string): HealthCheck => ({
    name,
    check() {
      if (!isWell()) throw new Error(otherwise);
    },
  });
  const hooks = BOOTSTRAP_HOOKS.map((name) => when(`poststarthook/${name}`, bootstrapped, "not finished"));
  // Lines of the log are handed on as they come: there is nothing that could be stuck.
  const log: HealthCheck = { name: "log", check: () => {} };
  const alive = [log, answers("etcd"), ...hooks];
  return {
    healthz: alive,
    livez: alive,
    readyz: [
      log,
      answers("etcd"),
      answers("etcd-readiness"),
      when("informer-sync", synced, "informers not started yet"),
      ...hooks,
      when("shutdown", () => !stopping.aborted, "process is shutting down"),
      {
        name: "cluster",
        check() {
          const why = unready();
          if (why !== undefined) throw new Error(why);
        },
      },
    ],
  };
}
