import type { Pod } from "#objects";
import { pod } from "../testing/services.ts";
import { transcripts } from "../testing/transcript.ts";
import { BURST_REPLICAS, planReplicas, planStatus, type ReplicaStep, type ReplicaView } from "./plan.ts";

const NOW = Date.parse("2026-01-01T00:01:00Z");
const view = (replicas: number, active: readonly Pod[], more: Partial<ReplicaView> = {}): ReplicaView => ({
  replicas,
  minReadySeconds: 0,
  generation: 1,
  deleting: false,
  templateLabels: { app: "web" },
  status: undefined,
  active,
  terminating: 0,
  related: active,
  ...more,
});
const [ready, starting] = [pod("ready", "10.0.0.1"), pod("starting", "10.0.0.2", { ready: false })];

const replicas = transcripts({
  plan: planReplicas,
  now: NOW,
  tell: (step: ReplicaStep) =>
    step.type === "create"
      ? `create ${step.count}`
      : `delete ${step.pods.map(({ metadata }) => metadata.name).join(", ")}`,
});

replicas(
  "missing pods are created",
  view(3, [ready]),
  `
  1. create 2
  because 1 of 3 replicas
`,
);

replicas(
  "one sync creates no more than a burst",
  view(2 * BURST_REPLICAS, []),
  `
  1. create 500
  because 0 of 1000 replicas
`,
);

replicas(
  "the pod that is not ready goes first",
  view(1, [ready, starting]),
  `
  1. delete starting
  because 2 of 1 replicas
`,
);

replicas(
  "a set with its number of pods is left alone",
  view(1, [ready]),
  `
  do nothing
  because 1 of 1 replicas
`,
);

replicas(
  "the pods of a set that is being deleted are left to the garbage collector",
  view(1, [], { deleting: true }),
  `
  do nothing
  because it is being deleted
`,
);

const status = transcripts({
  plan: (given: ReplicaView, now) => planStatus(given, now, undefined),
  now: NOW,
  tell: ({ status: { replicas: all, readyReplicas = 0, availableReplicas = 0 } }) =>
    `the status says ${all} pods, ${readyReplicas} ready, ${availableReplicas} available`,
});

status(
  "a pod that became ready just now is looked at again when it will be available",
  view(2, [ready, starting], { minReadySeconds: 40 }),
  `
  1. the status says 2 pods, 1 ready, 0 available
  look again in 10 s
  because 2 pods, of which 1 are ready and 0 are available
`,
);

status(
  "a status that is right is not written again",
  view(1, [ready], {
    status: {
      replicas: 1,
      fullyLabeledReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      terminatingReplicas: 0,
      observedGeneration: 1,
    },
  }),
  `
  do nothing
  because 1 pods, of which 1 are ready and 1 are available
`,
);
