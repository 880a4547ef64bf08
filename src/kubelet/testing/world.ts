import { authenticators, authorizers, privilegedGroup, withAnonymousUsers } from "#auth";
import { createApiServer, versionInfo } from "#apiserver";
import { createLog, createRandom, createScope, createVirtualClock, type VirtualClock } from "#base";
import { createCaches, type Client } from "#client";
import { startSimulatedNodes, type SimulatedNodes, type SimulatedTimes } from "#kubelet/simulated";
import {
  containerStatuses,
  EVENTS,
  hasReason,
  NAMESPACES,
  PODS,
  type ContainerStatus,
  type New,
  type Pod,
  type PodSpec,
} from "#objects";
import { builtInKinds, createRegistry } from "#registry";
import { createMemoryStore } from "#store/memory";
import type { Store } from "#store";

/** Simulated nodes on a real API in this process, on a virtual clock: for tests. */
export interface TestWorld extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly nodes: SimulatedNodes;
  readonly store: Store;
  /** What was logged as a warning or an error. */
  readonly complaints: readonly string[];
  /** Creates a pod on node knarr-1. */
  run(name: string, spec: Partial<PodSpec>, metadata?: Partial<Pod["metadata"]>): Promise<Pod>;
  /** The pod now; undefined when the API has it no more. */
  pod(name: string): Promise<Pod | undefined>;
  /** Lets virtual time go by until the pod is so, ten minutes at most; resolves to it. */
  until(name: string, done: (pod: Pod | undefined) => boolean): Promise<Pod | undefined>;
  /** The texts of the Events about a pod: `Normal Pulled Successfully pulled …`. */
  events(name: string): Promise<readonly string[]>;
  /** Stops the nodes as a kill would; the store stays. */
  stop(): Promise<void>;
}

const ADMIN = { username: "admin", groups: ["system:masters"] };
const LIMIT_MS = 600_000;

/** Nothing varies: a test can say what happens when. */
export const EXACT: SimulatedTimes = { sandbox: 100, pull: 500, start: 100 };

export async function createTestWorld(
  options: { readonly nodes?: number; readonly store?: Store; readonly clock?: VirtualClock } = {},
): Promise<TestWorld> {
  const clock = options.clock ?? createVirtualClock();
  const random = createRandom(1);
  const complaints: string[] = [];
  const log = createLog((level, message, fields) => {
    if (level === "warn" || level === "error") complaints.push(`${message} ${String(fields["error"])}`);
  });
  const store = options.store ?? createMemoryStore({ clock });
  const registry = await createRegistry({ definitions: builtInKinds(), store, clock, random, log });
  const api = createApiServer({
    registry,
    clock,
    random,
    log,
    authenticator: withAnonymousUsers(authenticators()),
    authorizer: authorizers(privilegedGroup()),
    version: versionInfo({ knarr: "0.0.0", platform: "linux/amd64", runtime: "test" }),
    serverAddress: () => "127.0.0.1:6443",
  });
  const client = api.client(ADMIN);
  for (const name of ["default", "kube-node-lease"]) {
    await client.create(NAMESPACES, { metadata: { name } }).catch(unlessThere);
  }
  const scope = createScope("test");
  const nodes = await startSimulatedNodes({
    client,
    clock,
    // As if every chance were in the middle: nothing takes longer or shorter than said.
    random: { ...random, next: () => 0.5 },
    log,
    scope: scope.child("nodes"),
    count: options.nodes ?? 1,
    kubeletVersion: "v1.36.0",
    times: EXACT,
  });

  const pods = createCaches({ client, scope, clock, random, log }).of(PODS);
  await pods.whenSynced();

  const read = async (name: string): Promise<Pod | undefined> => {
    try {
      return await client.get(PODS, { namespace: "default", name });
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  };
  return {
    clock,
    client,
    nodes,
    store,
    complaints,
    run(name, spec, metadata = {}) {
      const pod: New<Pod> = {
        metadata: { name, namespace: "default", ...metadata },
        spec: { nodeName: "knarr-1", containers: [], ...spec },
      };
      return client.create(PODS, pod);
    },
    pod: read,
    async until(name, done) {
      const current = () => pods.get(`default/${name}`);
      await clock.runUntil(() => done(current()), LIMIT_MS);
      return current();
    },
    async events(name) {
      const { items } = await client.list(EVENTS, {
        namespace: "default",
        fieldSelector: `involvedObject.name=${name}`,
      });
      return items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    },
    stop: () => scope.close(),
    async [Symbol.asyncDispose]() {
      await scope.close();
      await registry.close();
      if (!options.store) await store.close();
    },
  };
}

function unlessThere(error: unknown): void {
  if (!hasReason(error, "AlreadyExists")) throw error;
}

/** The status of one of the pod's containers. */
export const statusIn = (pod: Pod | undefined, name: string): ContainerStatus | undefined =>
  pod && containerStatuses(pod).find((status) => status.name === name);

/** What a container shows: `running`, `waiting CrashLoopBackOff`, `terminated Error 1`. */
export function shown(pod: Pod | undefined, name: string): string {
  const { running, waiting, terminated } = statusIn(pod, name)?.state ?? {};
  if (running) return "running";
  if (terminated) return `terminated ${terminated.reason} ${terminated.exitCode}`;
  return `waiting ${waiting?.reason ?? ""}`;
}
