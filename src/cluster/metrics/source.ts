import { sleep, type Clock, type Log, type Scope, type Timer } from "#base";
import type { Kubelet, NodeStats } from "#kubelet";
import type { MetricsSource } from "#registry";
import { nodeMetrics, podMetrics, type Samples } from "./rates.ts";

export interface MetricsSourceOptions {
  /** Of the nodes that this process runs, by now. */
  readonly kubelets: () => Iterable<Kubelet>;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/** As often as metrics-server looks. */
const EVERY_MS = 15_000;
/** Without a request for so long, in milliseconds, nothing is measured until the next one. */
const REST_MS = 5 * 60_000;
/** Between the first two looks, so that the first client gets an answer. */
const FIRST_MS = 1000;

/** Measures while clients ask. Nodes that measure nothing are left out. */
export function createMetricsSource({ kubelets, clock, log, scope }: MetricsSourceOptions): MetricsSource {
  const samples = new Map<string, { before: NodeStats | undefined; after: NodeStats }>();
  let asked = 0;
  let timer: Timer | undefined;
  let starting: Promise<void> | undefined;

  const look = async () => {
    const present = new Set<string>();
    const one = async ({ nodeName, stats }: Kubelet) => {
      if (!stats) return;
      present.add(nodeName);
      try {
        const after = await stats();
        samples.set(nodeName, { before: samples.get(nodeName)?.after, after });
      } catch (error) {
        log.warn("what a node uses could not be measured", { node: nodeName, error });
      }
    };
    await Promise.all([...kubelets()].map(one));
    for (const name of samples.keys()) if (!present.has(name)) samples.delete(name);
  };
  const rest = () => {
    timer?.cancel();
    timer = undefined;
    samples.clear();
  };
  const schedule = () => {
    // The look before may have been under way when everything was to stop.
    if (scope.signal.aborted) return;
    timer = clock.setTimeout(() => {
      if (clock.monotonic() - asked > REST_MS) rest();
      else void look().then(() => timer && schedule());
    }, EVERY_MS);
  };
  const begin = async () => {
    await look();
    await sleep(clock, FIRST_MS, scope.signal);
    await look();
    schedule();
  };
  scope.defer(rest);

  /** Resolves once there is something to tell, if there is anything to measure. */
  const ready = async () => {
    asked = clock.monotonic();
    if (timer || ![...kubelets()].some(({ stats }) => stats)) return;
    starting ??= begin().finally(() => {
      starting = undefined;
    });
    await starting;
  };
  const measured = function* (): Generator<readonly [Kubelet, Samples]> {
    for (const kubelet of kubelets()) {
      const { before, after } = samples.get(kubelet.nodeName) ?? {};
      if (before && after) yield [kubelet, { before, after }];
    }
  };
  return {
    async nodes() {
      await ready();
      const now = clock.now();
      return [...measured()]
        .map(([kubelet, found]) => nodeMetrics(kubelet.nodeName, kubelet.labels?.() ?? {}, found, now))
        .filter((metrics) => metrics !== undefined);
    },
    async pods(namespace) {
      await ready();
      const now = clock.now();
      return [...measured()].flatMap(([kubelet, found]) =>
        kubelet
          .pods()
          .filter(({ metadata }) => namespace === "" || metadata.namespace === namespace)
          .map((pod) => podMetrics(pod, found, now))
          .filter((metrics) => metrics !== undefined),
      );
    },
  };
}
