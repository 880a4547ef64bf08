import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { isPodReady, type Deployment } from "#objects";
import { sizeOf } from "./sets.ts";
import { isActive, SimulatedRollout } from "./testing/simulated-rollout.ts";

/** The same cases every time; another seed finds others. */
const RUNS = { numRuns: 300, seed: Number(process.env.SEED ?? 1) };

/** Something that happens in the world; numbers choose among what there is. */
type Happening =
  | { readonly type: "deployment" }
  | { readonly type: "set"; readonly which: number }
  | { readonly type: "ready" | "unready" | "lose" | "end"; readonly which: number }
  | { readonly type: "scale"; readonly to: number }
  | { readonly type: "roll"; readonly to: number }
  | { readonly type: "pause"; readonly paused: boolean }
  | { readonly type: "limits"; readonly maxSurge: number; readonly maxUnavailable: number };

const which = fc.nat(50);
const often = (weight: number, arbitrary: fc.Arbitrary<Happening>) => ({ weight, arbitrary });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  often(8, fc.constant({ type: "deployment" })),
  often(8, fc.record({ type: fc.constant("set"), which })),
  often(8, fc.record({ type: fc.constant("ready"), which })),
  often(2, fc.record({ type: fc.constant("unready"), which })),
  often(1, fc.record({ type: fc.constant("lose"), which })),
  often(2, fc.record({ type: fc.constant("end"), which })),
  often(1, fc.record({ type: fc.constant("scale"), to: fc.nat(12) })),
  often(1, fc.record({ type: fc.constant("roll"), to: fc.integer({ min: 1, max: 4 }) })),
  often(1, fc.record({ type: fc.constant("pause"), paused: fc.boolean() })),
  often(1, fc.record({ type: fc.constant("limits"), maxSurge: fc.nat(3), maxUnavailable: fc.nat(3) })),
);

const limit = fc.oneof(
  fc.nat(4),
  fc.nat(100).map((percent) => `${percent}%`),
);
const world = fc.record({
  replicas: fc.nat(12),
  maxSurge: limit,
  maxUnavailable: limit,
  minReadySeconds: fc.constantFrom(0, 0, 5),
  /** Whether the first version is rolled out and the second under way, or nothing is there yet. */
  underWay: fc.boolean(),
  happenings: fc.array(happening, { maxLength: 120, size: "max" }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

/** Lets it happen. Returns whether a controller did it, and not a user or fate. */
function happen(rollout: SimulatedRollout, event: Happening): boolean {
  rollout.tick();
  const pods = rollout.allPods();
  switch (event.type) {
    case "deployment":
      rollout.syncDeployment();
      return true;
    case "set": {
      const name = pick([...rollout.sets.keys()], event.which);
      if (name !== undefined) rollout.syncSet(name);
      return true;
    }
    case "ready": {
      const pod = pick(
        pods.filter((other) => isActive(other) && !isPodReady(other)),
        event.which,
      );
      if (pod) rollout.setReady(pod, true);
      return false;
    }
    case "unready": {
      const pod = pick(pods.filter(isPodReady), event.which);
      if (pod) rollout.setReady(pod, false);
      return false;
    }
    case "lose": {
      const pod = pick(pods, event.which);
      if (pod) rollout.lose(pod);
      return false;
    }
    case "end": {
      const pod = pick(
        pods.filter((other) => !isActive(other)),
        event.which,
      );
      if (pod) rollout.lose(pod);
      return false;
    }
    case "scale":
      rollout.edit({ replicas: event.to });
      return false;
    case "roll":
      rollout.rollTo(event.to);
      return false;
    case "pause":
      rollout.edit({ paused: event.paused });
      return false;
    case "limits": {
      const { maxSurge, maxUnavailable } = event;
      const type = rollout.deployment.spec?.strategy?.type ?? "";
      if (type === "Recreate") return false;
      rollout.edit({ strategy: { type, rollingUpdate: { maxSurge, maxUnavailable } } });
      return false;
    }
  }
}

const rolling = ({
  replicas,
  maxSurge,
  maxUnavailable,
  minReadySeconds,
}: Pick<World, "replicas" | "maxSurge" | "maxUnavailable" | "minReadySeconds">) =>
  new SimulatedRollout({
    replicas,
    minReadySeconds,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
  });

/** Every controller does its work and every pod gets ready, until nothing changes any more. */
function heal(rollout: SimulatedRollout): void {
  if (rollout.deployment.spec?.paused) rollout.edit({ paused: false });
  for (let quiet = 0, rounds = 0; quiet < 10; rounds++) {
    assert.ok(rounds < 1000, `does not come to rest\n${rollout.describe()}`);
    rollout.tick();
    let changed = rollout.syncDeployment().length > 0;
    for (const name of rollout.sets.keys()) changed = rollout.syncSet(name) || changed;
    for (const pod of rollout.allPods()) {
      if (!isActive(pod)) rollout.lose(pod);
      else if (!isPodReady(pod)) rollout.setReady(pod, true);
      else continue;
      changed = true;
    }
    quiet = changed ? 0 : quiet + 1;
  }
}

function assertComplete(rollout: SimulatedRollout): void {
  const desired = rollout.limits().desired;
  for (const set of rollout.sets.values()) {
    assert.equal(sizeOf(set), set === rollout.newest() ? desired : 0, rollout.describe());
  }
  const { status } = rollout.deployment;
  assert.equal(status?.updatedReplicas ?? 0, desired);
  assert.equal(status?.availableReplicas ?? 0, desired);
  assert.equal(status?.replicas ?? 0, desired);
  assert.equal(
    status?.conditions?.find(({ type }) => type === "Progressing")?.reason,
    "NewReplicaSetAvailable",
    JSON.stringify(status),
  );
}

/**
 * Controllers never make the total exceed the surge limit, nor take available pods away below the minimum.
 * What users and fate do may break either; then controllers must not make it worse.
 */
function keepsLimits(rollout: SimulatedRollout, happenings: readonly Happening[]): void {
  for (const event of happenings) {
    const pods = rollout.potentialPods();
    const available = event.type === "deployment" ? rollout.knownAvailable() : rollout.keptAvailable();
    const unnoticed = rollout.unnoticedFailures();
    const { maxTotal, minAvailable } = rollout.limits();
    if (!happen(rollout, event)) continue;
    const context = () => `after ${JSON.stringify(event)}\n${rollout.describe()}`;
    assert.ok(rollout.potentialPods() <= Math.max(maxTotal, pods), `too many pods ${context()}`);
    assert.ok(
      rollout.keptAvailable() >= Math.min(minAvailable, available) - unnoticed,
      `too few available: ${rollout.keptAvailable()}, before ${available} ${context()}`,
    );
  }
}

test("rolling: never above the surge limit, never below the minimum available, and complete once healed", () => {
  fc.assert(
    fc.property(world, ({ happenings, underWay, ...spec }) => {
      const rollout = rolling(spec);
      if (underWay) {
        heal(rollout);
        rollout.rollTo(2);
      }
      keepsLimits(rollout, happenings);
      heal(rollout);
      assertComplete(rollout);
    }),
    RUNS,
  );
});

test("recreate: no new pod starts before the last old one has ended, and complete once healed", () => {
  fc.assert(
    fc.property(world, ({ replicas, happenings }) => {
      const rollout = new SimulatedRollout({ replicas, strategy: { type: "Recreate" } });
      for (const event of happenings) {
        const before = new Set(rollout.allPods().map(({ metadata }) => metadata.name));
        happen(rollout, event);
        const started = rollout.allPods().filter(({ metadata }) => !before.has(metadata.name));
        if (event.type !== "set" || started.length === 0) continue;
        const owners = new Set(rollout.allPods().map(({ metadata }) => metadata.ownerReferences?.[0]?.uid));
        assert.ok(owners.size <= 1, `pods of ${[...owners].join(" and ")} at once\n${rollout.describe()}`);
      }
      heal(rollout);
      assertComplete(rollout);
    }),
    RUNS,
  );
});

test("while the spec does not change, the new set only grows and old sets only shrink", () => {
  fc.assert(
    fc.property(world, ({ happenings, ...spec }) => {
      const rollout = rolling(spec);
      heal(rollout);
      rollout.rollTo(2);
      for (const event of happenings) {
        if (["scale", "roll", "pause", "limits"].includes(event.type)) continue;
        const before = new Map([...rollout.sets].map(([name, set]) => [name, sizeOf(set)]));
        happen(rollout, event);
        for (const [name, set] of rollout.sets) {
          const was = before.get(name);
          if (was === undefined) continue;
          if (set === rollout.newest()) assert.ok(sizeOf(set) >= was, `the new set shrinks\n${rollout.describe()}`);
          else assert.ok(sizeOf(set) <= was, `an old set grows\n${rollout.describe()}`);
        }
      }
      heal(rollout);
      const rest = rollout.deployment as Deployment;
      assert.deepEqual(rollout.syncDeployment(), [], "at rest nothing is written");
      assert.equal(rollout.deployment, rest);
    }),
    RUNS,
  );
});

// Found by the properties above, each kept with what was wrong.

test("found: a paused Recreate starts no new pods while old ones terminate", () => {
  const rollout = new SimulatedRollout({ replicas: 1, strategy: { type: "Recreate" } });
  const happenings: readonly Happening[] = [
    { type: "deployment" },
    { type: "roll", to: 2 },
    { type: "deployment" },
    { type: "deployment" },
    { type: "set", which: 1 },
    { type: "roll", to: 1 },
    { type: "deployment" },
    { type: "ready", which: 0 },
    { type: "pause", paused: true },
    { type: "set", which: 3 },
    { type: "set", which: 7 },
    { type: "deployment" },
    { type: "set", which: 0 },
  ];
  for (const event of happenings) happen(rollout, event);
  assert.deepEqual(
    rollout.allPods().map((pod) => isActive(pod)),
    [false],
    "only the old pod, terminating",
  );
});

test("found: shares of a shrinking Deployment leave the minimum available", () => {
  const rollout = rolling({ replicas: 2, maxSurge: "17%", maxUnavailable: "0%", minReadySeconds: 0 });
  keepsLimits(rollout, [
    { type: "deployment" },
    { type: "set", which: 0 },
    { type: "ready", which: 0 },
    { type: "ready", which: 0 },
    { type: "scale", to: 6 },
    { type: "roll", to: 2 },
    { type: "deployment" },
    { type: "set", which: 0 },
    { type: "ready", which: 0 },
    { type: "ready", which: 0 },
    { type: "deployment" },
    { type: "pause", paused: true },
    { type: "ready", which: 0 },
    { type: "set", which: 0 },
    { type: "limits", maxSurge: 0, maxUnavailable: 0 },
    { type: "deployment" },
  ]);
});

test("found: no set shrinks in a proportional scale-up after the limits were changed", () => {
  const rollout = rolling({ replicas: 7, maxSurge: "15%", maxUnavailable: 0, minReadySeconds: 0 });
  heal(rollout);
  rollout.rollTo(2);
  keepsLimits(rollout, [
    { type: "deployment" },
    { type: "set", which: 31 },
    { type: "ready", which: 0 },
    { type: "set", which: 9 },
    { type: "limits", maxSurge: 2, maxUnavailable: 3 },
    { type: "deployment" },
    { type: "scale", to: 4 },
    { type: "set", which: 0 },
    { type: "set", which: 0 },
    { type: "deployment" },
  ]);
});
