import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom, createScope, createVirtualClock, silentLog, type Scope, type VirtualClock } from "#base";
import { createCaches } from "#client";
import {
  countCommonIndexes,
  countIndexesIn,
  indexRangesOf,
  JOBS,
  parseIndexRanges,
  PODS,
  type Job,
  type JobSpec,
  type Pod,
} from "#objects";
import { createFakeClient, createFakeKubelet, type FakeClient, type FakeKubelet } from "#simulation";
import { runControllers } from "../framework/index.ts";
import { hasCondition, isFinished } from "./conditions.ts";
import { jobController } from "./controller.ts";
import { orphanedJobPodController } from "./orphans.ts";
import { completionIndex, isTracked } from "./pods.ts";
import { mortal, type MortalClient } from "./testing/mortal.ts";
import { KEY, newJob } from "./testing/world.ts";

const which = fc.nat(20);
const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant("finish" as const),
      which,
      phase: fc.constantFrom("Succeeded" as const, "Succeeded" as const, "Failed" as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("run" as const), which }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("delete" as const), which }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("end deleted" as const), which }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("suspend" as const), suspend: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("size" as const), size: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("nothing" as const) }) },
);
/** Something happens; the controller is stopped after so many writes more, if at all; time goes by. */
const step = fc.record({
  act,
  stopAfter: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
  // Nothing: the next thing happens at the same moment.
  pauseMs: fc.constantFrom(undefined, 1, 150, 150, 1000, 12_000),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Act = Step["act"];

const kind = fc.record({
  isIndexed: fc.boolean(),
  podReplacementPolicy: fc.constantFrom("TerminatingOrFailed", "Failed"),
  backoffLimit: fc.constantFrom(0, 2, 6),
  perIndex: fc.boolean(),
  successPolicy: fc.boolean(),
  count: fc.integer({ min: 1, max: 5 }),
  parallelism: fc.integer({ min: 1, max: 4 }),
});

const specOf = (given: typeof kind extends fc.Arbitrary<infer S> ? S : never): Partial<JobSpec> => ({
  completions: given.count,
  parallelism: given.parallelism,
  podReplacementPolicy: given.podReplacementPolicy,
  ...(given.isIndexed ? { completionMode: "Indexed" } : {}),
  ...(given.isIndexed && given.successPolicy ? { successPolicy: { rules: [{ succeededCount: 1 }] } } : {}),
  ...(given.isIndexed && given.perIndex
    ? { backoffLimit: 2 ** 31 - 1, backoffLimitPerIndex: 1 }
    : { backoffLimit: given.backoffLimit }),
});

/** A Job whose controller is stopped now and then. */
class World {
  readonly clock: VirtualClock = createVirtualClock();
  readonly random = createRandom(7);
  readonly client: FakeClient = createFakeClient({ clock: this.clock, random: this.random });
  readonly kubelet: FakeKubelet = createFakeKubelet(this.client, this.clock, this.random);
  /** Pods as they were when they lost their finalizer. */
  readonly released: Pod[] = [];
  /** The revision of the Job when it was first said how it ends, and that it fails. */
  endsSince = Infinity;
  failsSince = Infinity;
  /** The uids of Pods that the controller has deleted although they count, and since when. */
  readonly ended: { readonly uid: string; readonly revision: number }[] = [];
  readonly #deletedByUser = new Set<string>();
  /** Its indexes have become more or fewer. */
  isResized = false;
  readonly wrong: string[] = [];
  readonly #observer = createScope("observer");
  #scope: Scope | undefined;
  #mortal: MortalClient | undefined;

  async begin(spec: Partial<JobSpec>): Promise<void> {
    await this.client.create(JOBS, newJob(spec));
    this.#observe();
    await this.#start();
    await this.settle(1000);
  }

  #observe(): void {
    const { client, clock, random } = this;
    const caches = createCaches({ client, scope: this.#observer, clock, random, log: silentLog });
    const open = new Set<string>();
    caches.of(PODS).subscribe(({ type, object, previous }) => {
      const { uid = "", deletionTimestamp } = object.metadata;
      const isDeleted = deletionTimestamp !== undefined && previous?.metadata.deletionTimestamp === undefined;
      if (isDeleted && isTracked(object) && !this.#deletedByUser.has(uid)) {
        this.ended.push({ uid, revision: revision(object) });
      }
      // One that is being deleted may be gone with its finalizer.
      if (type !== "deleted" && isTracked(object)) open.add(uid);
      else if (open.delete(uid)) this.released.push(object);
    });
    caches.of(JOBS).subscribe(({ object, previous }) => {
      const told = (job: Job | undefined) => (job?.status?.succeeded ?? 0) + (job?.status?.failed ?? 0);
      if (!this.isResized && told(object) < told(previous)) this.wrong.push("a figure fell");
      if (previous && isFinished(previous) && (object.status?.active ?? 0) > 0) this.wrong.push("it runs again");
      const fails = hasCondition(object, "FailureTarget");
      if (fails) this.failsSince = Math.min(this.failsSince, revision(object));
      if (fails || hasCondition(object, "SuccessCriteriaMet")) {
        this.endsSince = Math.min(this.endsSince, revision(object));
      }
    });
  }

  async #start(): Promise<void> {
    this.#mortal = mortal(this.client);
    this.#scope = createScope("controllers");
    const { clock, random } = this;
    const common = { client: this.#mortal, scope: this.#scope, clock, random, log: silentLog };
    const caches = createCaches(common);
    const running = runControllers([jobController, orphanedJobPodController], { ...common, caches });
    await Promise.all(running.map((one) => one.whenStarted()));
  }

  /** Time goes by; a controller that was stopped is started again. */
  async settle(ms: number): Promise<void> {
    await this.clock.advance(ms);
    if (!this.#mortal?.isDead) return;
    await this.#scope?.close();
    await this.#start();
    await this.clock.advance(1);
  }

  job = (): Job => this.client.all(JOBS)[0]!;
  pods = (): readonly Pod[] => this.client.all(PODS);
  open = (): readonly Pod[] =>
    this.pods().filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
  live = (): readonly Pod[] => this.open().filter(({ metadata }) => metadata.deletionTimestamp === undefined);

  async take({ act: next, stopAfter, pauseMs }: Step): Promise<void> {
    if (stopAfter !== undefined) this.#mortal?.dieAfter(stopAfter);
    switch (next.act) {
      case "nothing":
        break;
      case "suspend":
        this.#change({ suspend: next.suspend });
        break;
      case "size": {
        const isIndexed = this.job().spec?.completionMode === "Indexed";
        this.isResized ||= isIndexed;
        this.#change({ parallelism: next.size, ...(isIndexed ? { completions: next.size } : {}) });
        break;
      }
      default:
        await this.#touch(next);
    }
    if (pauseMs !== undefined) await this.settle(pauseMs);
  }

  async #touch(next: Act & { readonly which: number }): Promise<void> {
    const among = next.act === "end deleted" ? this.open().filter((pod) => !this.live().includes(pod)) : this.live();
    const pod = among[next.which % Math.max(1, among.length)];
    if (!pod) return;
    if (next.act === "finish") this.kubelet.finish(pod, next.phase);
    else if (next.act === "run") this.kubelet.run(pod, true);
    else if (next.act === "delete") {
      this.#deletedByUser.add(pod.metadata.uid ?? "");
      await this.client.delete(PODS, keyOfPod(pod));
    } else if (next.act === "end deleted") await this.endDeleted(pod);
  }

  /** As a kubelet does: the Pod says that it has failed, and goes unless something keeps it. */
  async endDeleted(pod: Pod): Promise<void> {
    this.kubelet.finish(pod, "Failed");
    await this.client.delete(PODS, keyOfPod(pod), { gracePeriodSeconds: 0 });
  }

  #change(spec: Partial<JobSpec>): void {
    this.client.edit(JOBS, KEY, (draft) => {
      draft.spec = { ...(draft.spec as object), ...spec };
    });
  }

  /** Everything runs to its end, and nothing stops the controller any more. */
  async finish(): Promise<void> {
    this.#mortal?.dieAfter(Infinity);
    this.#change({ suspend: false });
    for (let round = 0; round < 30 && !isFinished(this.job()); round++) {
      await this.settle(1000);
      for (const pod of this.open()) {
        if (pod.metadata.deletionTimestamp !== undefined) await this.endDeleted(pod);
        else this.kubelet.finish(pod, "Succeeded");
      }
      await this.settle(round % 3 === 2 ? 700_000 : 1000);
    }
    await this.settle(2000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope?.close();
    await this.#observer.close();
  }
}

const keyOfPod = ({ metadata: { namespace = "", name = "" } }: Pod) => ({ namespace, name });
const revision = ({ metadata }: Job | Pod) => Number(metadata.resourceVersion);

/** Whether the Pod was to be counted as failed, by what it was when it lost its finalizer. */
function isFailure(world: World, pod: Pod): boolean {
  if (pod.status?.phase === "Succeeded") return false;
  if (world.failsSince < revision(pod)) return true;
  // What the success has ended has not failed.
  if (world.ended.some(({ uid }) => uid === pod.metadata.uid)) return false;
  if (pod.status?.phase === "Failed") return true;
  const { spec } = world.job();
  return pod.metadata.deletionTimestamp !== undefined && spec?.podReplacementPolicy === "TerminatingOrFailed";
}

function check(world: World): void {
  const { spec, status } = world.job();
  assert.deepEqual(world.wrong, []);
  const early = world.ended.filter((pod) => pod.revision < world.endsSince);
  assert.deepEqual(early, [], "no Pod that counts is deleted before it is said how the Job ends");
  assert.ok(isFinished(world.job()), "it comes to its end");
  assert.deepEqual(status?.uncountedTerminatedPods, {});
  assert.deepEqual([status?.active, status?.terminating], [undefined, 0]);
  assert.equal(world.pods().filter(isTracked).length, 0, "no Pod is left uncounted");
  const succeeded = world.released.filter((pod) => pod.status?.phase === "Succeeded");
  const failed = world.released.filter((pod) => isFailure(world, pod));
  if (spec?.completionMode !== "Indexed") {
    // One that succeeds in the moment in which the Job fails may count as either.
    const late = succeeded.filter((pod) => world.failsSince < revision(pod)).length;
    const told = [status?.succeeded ?? 0, status?.failed ?? 0] as const;
    assert.equal(told[0] + told[1], succeeded.length + failed.length);
    assert.ok(told[0] <= succeeded.length && told[0] >= succeeded.length - late, `${told[0]} have succeeded`);
    return;
  }
  const told = parseIndexRanges(status?.completedIndexes, Infinity);
  const done = indexRangesOf(succeeded.map((pod) => completionIndex(pod)!));
  assert.equal(countIndexesIn(told), status?.succeeded ?? 0);
  assert.equal(countCommonIndexes(told, done), countIndexesIn(told), "no index that has not succeeded");
  if (world.isResized) return;
  if (world.failsSince < Infinity) return;
  assert.deepEqual(told, done);
  assert.equal(status?.failed ?? 0, failed.length);
}

test("a Job counts each of its Pods once, whenever its controller is stopped and started again", async () => {
  await fc.assert(
    fc.asyncProperty(kind, fc.array(step, { maxLength: 25 }), async (given, steps) => {
      await using world = new World();
      await world.begin(specOf(given));
      for (const next of steps) await world.take(next);
      await world.finish();
      check(world);
    }),
    { numRuns: 150 },
  );
});
