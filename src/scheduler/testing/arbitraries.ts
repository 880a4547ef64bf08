import type { Node, Pod, PodAffinityTerm, PodSpec, TopologySpreadConstraint } from "#objects";
import fc from "fast-check";
import { makeNode, makePod } from "./objects.ts";

/** Small worlds in which everything has to do with everything. */

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";

export const NODE_NAMES = ["n0", "n1", "n2", "n3"];
export const NAMESPACE_NAMES = ["one", "two"];
const APPS = ["a", "b"];

/** Absent once in `oneIn` times. */
const optional = <T>(arbitrary: fc.Arbitrary<T>, oneIn = 2) => fc.option(arbitrary, { nil: undefined, freq: oneIn });

export const arbitraryNode: fc.Arbitrary<Node> = fc
  .record({
    name: fc.constantFrom(...NODE_NAMES),
    zone: optional(fc.constantFrom("z1", "z2"), 4),
    disk: optional(fc.constantFrom("ssd", "hdd")),
    cordoned: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    taint: optional(fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute")),
    cpu: fc.constantFrom("1", "2", "4"),
    pods: fc.constantFrom("2", "5", "20"),
    image: fc.boolean(),
  })
  .map(({ name, zone, disk, cordoned, taint, cpu, pods, image }) =>
    makeNode(name, {
      labels: { ...(zone ? { [ZONE]: zone } : {}), ...(disk ? { disk } : {}) },
      spec: {
        ...(cordoned ? { unschedulable: true } : {}),
        ...(taint ? { taints: [{ key: "t", value: "v", effect: taint }] } : {}),
      },
      allocatable: { cpu, pods, "example.com/gpu": "2" },
      ...(image ? { images: [{ names: ["app:latest"], sizeBytes: 500_000_000 }] } : {}),
    }),
  );

const topologyKey = fc.constantFrom(ZONE, HOST, "disk");

const labelSelector = fc.oneof(
  fc.constantFrom(...APPS).map((app) => ({ matchLabels: { app } })),
  fc.constant({ matchExpressions: [{ key: "app", operator: "Exists" }] }),
  fc.constant({}),
);

const affinityTerm: fc.Arbitrary<PodAffinityTerm> = fc
  .record({
    labelSelector,
    topologyKey,
    where: fc.constantFrom("own", "named", "selected"),
  })
  .map(({ where, ...term }) => ({
    ...term,
    ...(where === "named" ? { namespaces: NAMESPACE_NAMES } : {}),
    ...(where === "selected" ? { namespaceSelector: { matchLabels: { team: "x" } } } : {}),
  }));

const terms = fc.array(affinityTerm, { maxLength: 2 });
const weighted = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: affinityTerm }), {
  maxLength: 2,
});

const spread: fc.Arbitrary<TopologySpreadConstraint> = fc.record({
  labelSelector,
  topologyKey,
  maxSkew: fc.integer({ min: 1, max: 2 }),
  whenUnsatisfiable: fc.constantFrom("DoNotSchedule", "ScheduleAnyway"),
  nodeAffinityPolicy: fc.constantFrom("Honor", "Ignore"),
  nodeTaintsPolicy: fc.constantFrom("Honor", "Ignore"),
  minDomains: fc.integer({ min: 1, max: 3 }),
});

const spec: fc.Arbitrary<Partial<PodSpec>> = fc
  .record({
    priority: fc.constantFrom(0, 5, 10),
    nodeSelector: optional(fc.constantFrom("ssd", "hdd").map((disk) => ({ disk }))),
    tolerated: fc.boolean(),
    affinity: optional(
      fc.record({ required: terms, requiredAnti: terms, preferred: weighted, preferredAnti: weighted }),
    ),
    spread: optional(fc.array(spread, { minLength: 1, maxLength: 2 })),
    hostPort: optional(fc.constantFrom(80, 81)),
  })
  .map(({ priority, nodeSelector, tolerated, affinity, spread: constraints, hostPort }) => ({
    priority,
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerated ? { tolerations: [{ key: "t", operator: "Exists" }] } : {}),
    ...(constraints ? { topologySpreadConstraints: constraints } : {}),
    ...(hostPort
      ? { containers: [{ name: "main", image: "app", ports: [{ containerPort: hostPort, hostPort }] }] }
      : {}),
    ...(affinity
      ? {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: affinity.required,
              preferredDuringSchedulingIgnoredDuringExecution: affinity.preferred,
            },
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: affinity.requiredAnti,
              preferredDuringSchedulingIgnoredDuringExecution: affinity.preferredAnti,
            },
          },
        }
      : {}),
  }));

/** A pod with one of a few uids, so that it can be changed and removed again. */
export const arbitraryPod: fc.Arbitrary<Pod> = fc
  .record({
    id: fc.integer({ min: 0, max: 12 }),
    namespace: fc.constantFrom(...NAMESPACE_NAMES),
    app: optional(fc.constantFrom(...APPS), 5),
    cpu: fc.constantFrom("0", "300m", "1"),
    gpu: fc.constantFrom("0", "0", "1"),
    deleting: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    spec,
  })
  .map(({ id, namespace, app, cpu, gpu, deleting, spec: podSpec }) =>
    makePod(`p${id}`, {
      uid: `p${id}`,
      namespace,
      requests: { cpu, "example.com/gpu": gpu },
      deleting,
      spec: podSpec,
      ...(app ? { labels: { app } } : {}),
    }),
  );
