import type { Pod, StatefulSet } from "#objects";
import { pod } from "../testing/services.ts";
import { transcripts } from "../testing/transcript.ts";
import { REVISION_LABEL } from "./identity.ts";
import { planStatefulSet, type StatefulSetStep } from "./plan.ts";
import type { StatefulSetView } from "./view.ts";

const NOW = Date.parse("2026-01-01T00:01:00Z");
const template = { spec: { containers: [{ name: "c" }] } };

/** The pod of an ordinal; its revision is the new one unless said otherwise. */
const member = (ordinal: number, parts: Parameters<typeof pod>[2] = {}, revision = "new"): Pod =>
  pod(`web-${ordinal}`, `10.0.0.${ordinal}`, {
    labels: { [REVISION_LABEL]: revision, "statefulset.kubernetes.io/pod-name": `web-${ordinal}` },
    ...parts,
  });

const view = (pods: readonly Pod[], spec: Partial<NonNullable<StatefulSet["spec"]>> = {}): StatefulSetView => ({
  set: {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "web", namespace: "default", uid: "set" },
    spec: {
      replicas: 3,
      selector: {},
      serviceName: "web",
      template,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      ...spec,
    },
  },
  pods,
  claims: new Map(),
  current: { name: "old", template },
  update: { name: "new", template },
  collisionCount: 0,
  countsUnavailable: false,
});

const example = transcripts({
  plan(given: StatefulSetView, now) {
    const { steps, ...rest } = planStatefulSet(given, now);
    return { steps: steps.filter(({ type }) => type !== "update-status"), ...rest };
  },
  now: NOW,
  tell(step: StatefulSetStep) {
    switch (step.type) {
      case "start":
        return `start ${step.starts.map(({ pod: { metadata } }) => metadata.name).join(", ")}`;
      case "stop":
        return `stop ${step.pods.map(({ metadata }) => metadata.name).join(", ")}`;
      case "keep-claims":
        return `look after the claims of ${step.pod}`;
      case "repair":
        return `repair ${step.pod.metadata.name}`;
      case "update-status":
        return "update the status";
    }
  },
});

example(
  "the pod that is missing between others is started before anything else goes on",
  view([member(0), member(2, {}, "old")]),
  `
  1. start web-1
  because web-1 is missing
`,
);

example(
  "a pod that is not ready halts everything",
  view([member(0, { ready: false })]),
  `
  do nothing
  because web-0 is not running and ready
`,
);

example(
  "a pod that became ready just now is waited for",
  view([member(0)], { minReadySeconds: 40 }),
  `
  do nothing
  look again in 10 s
  because web-0 is not available yet
`,
);

example(
  "a failed pod makes room",
  view([member(0, { phase: "Failed", ready: false })]),
  `
  1. stop web-0
  because web-0 has come to its end and makes room for a new one
`,
);

example(
  "an update takes the pod of the highest ordinal that is not up to date",
  view([member(0, {}, "old"), member(1, {}, "old"), member(2)]),
  `
  1. stop web-1
  because 3 of 3 pods, of which web-1 is the next to update
`,
);

example(
  "scaling down comes before an update",
  view([member(0, {}, "old"), member(1, {}, "old")], { replicas: 1 }),
  `
  1. stop web-1
  because web-1 is one too many
`,
);

example(
  "Parallel starts and stops everything at once",
  view([member(1, { ready: false }), member(7, { ready: false })], { podManagementPolicy: "Parallel" }),
  `
  1. start web-0, web-2
  2. stop web-7
  because 1 of 3 pods, of which one is missing
`,
);

example(
  "an orphan that was adopted gets the labels of its place",
  view([pod("web-0", "10.0.0.1", { labels: { [REVISION_LABEL]: "new" } })], { replicas: 1 }),
  `
  1. repair web-0
  because 1 of 1 pods, up to date
`,
);
