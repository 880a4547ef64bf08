import { createRandom, createScope, createVirtualClock, silentLog, type VirtualClock } from "#base";
import {
  conflict,
  EVENTS_V1,
  NODES,
  PODS,
  podCondition,
  type AnyDraft,
  type KubeObject,
  type Node,
  type Pod,
} from "#objects";
import { createFakeClient, type FakeClient } from "#simulation";
import { startScheduler, type Scheduler, type SchedulerOptions } from "../scheduler.ts";

/** A scheduler on a fake API and a virtual clock: for tests. */
export interface SchedulerWorld extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly client: FakeClient;
  readonly scheduler: Scheduler;
  /** Calls of `binding`; throwing makes one fail. */
  beforeBinding: ((pod: Pod, nodeName: string) => void) | undefined;
  addNodes(...nodes: readonly Node[]): Promise<void>;
  addPods(...pods: readonly Pod[]): Promise<void>;
  /** Lets everything happen that happens within so many milliseconds. */
  settle(ms?: number): Promise<void>;
  pod(name: string): Pod;
  nodeOf(name: string): string | undefined;
  /** The PodScheduled condition's message. */
  why(name: string): string | undefined;
  /** `FailedScheduling: 0/1 nodes …` of a pod. */
  events(name: string): readonly string[];
}

export async function createSchedulerWorld(options: Partial<SchedulerOptions> = {}): Promise<SchedulerWorld> {
  const clock = createVirtualClock();
  const random = createRandom(7);
  const fake = createFakeClient({ clock, random });
  const scope = createScope("test");
  const client: FakeClient = Object.create(fake, {
    before: {
      get: () => fake.before,
      set(before: FakeClient["before"]) {
        fake.before = before;
      },
    },
    createSubresource: {
      async value(type: typeof PODS, key: { namespace: string; name: string }, _subresource: string, body: object) {
        const { target, metadata } = body as { target: { name: string }; metadata: { uid: string } };
        const pod = await fake.get(type, key);
        world.beforeBinding?.(pod, target.name);
        const taken = pod.spec?.nodeName || pod.metadata.deletionTimestamp || pod.metadata.uid !== metadata.uid;
        if (taken) throw conflict({ group: "", resource: "pods/binding" }, key.name, "taken");
        return fake.edit<Pod>(type, key, (draft: AnyDraft) => {
          draft["spec"] = { ...(draft["spec"] as object), nodeName: target.name };
          const status = { ...(draft["status"] as Pod["status"]) };
          delete (status as AnyDraft)["nominatedNodeName"];
          draft["status"] = status;
        }) as KubeObject;
      },
    },
  }) as FakeClient;
  const scheduler = startScheduler({ client, clock, random, log: silentLog, scope, ...options });
  const world: SchedulerWorld = {
    clock,
    client,
    scheduler,
    beforeBinding: undefined,
    async addNodes(...nodes) {
      for (const node of nodes) await client.create(NODES, node);
    },
    async addPods(...pods) {
      for (const pod of pods) await client.create(PODS, pod);
    },
    settle: (ms = 100) => clock.advance(ms),
    pod: (name) => client.all(PODS).find(({ metadata }) => metadata.name === name)!,
    nodeOf: (name) => world.pod(name).spec?.nodeName,
    why: (name) => podCondition(world.pod(name), "PodScheduled")?.message,
    events: (name) =>
      client
        .all(EVENTS_V1)
        .filter(({ regarding }) => regarding?.name === name)
        .map(({ reason, note }) => `${reason}: ${note}`),
    [Symbol.asyncDispose]: () => scope.close(),
  };
  await clock.advance(10);
  return world;
}
