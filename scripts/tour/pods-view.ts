import type { Pod } from "#objects";
import type { LiveView } from "./screen.ts";
import { MARKS, MARKS_EXPLAINED } from "./marks.ts";
import { columns, type Span } from "./text.ts";
import type { LiveCluster } from "../../test/support/rollout/live-cluster.ts";
import { phaseOf } from "../../test/support/rollout/versions.ts";

/** The Pods of an application: by its label `app`, in the order of their names with ordinals as numbers. */
export const podsOf = (live: LiveCluster, app: string): readonly Pod[] =>
  [...live.pods.values()]
    .filter(({ metadata }) => metadata.labels?.["app"] === app)
    .toSorted((a, b) => a.metadata.name!.localeCompare(b.metadata.name!, "en", { numeric: true }));

const HEADS = ["    POD", "NODE", "IMAGE", ""].map((text): Span => ({ text, style: "dim" }));

/** A line for each Pod of an application: its name, where it runs, what it runs, and how it does. */
export function podsView(live: LiveCluster, app: string, now: () => number): LiveView {
  const began = now();
  const seconds = () => `${((now() - began) / 1000).toFixed(1)} s`;
  return {
    lines: () => [
      ["    ", { text: `app=${app}`, style: "bold" }, { text: ` ${seconds()}`, style: "dim" }],
      ...columns([
        HEADS,
        ...podsOf(live, app).map((pod) => [
          `    ${pod.metadata.name}`,
          pod.spec?.nodeName ?? "",
          pod.spec?.containers[0]?.image ?? "",
          MARKS[phaseOf(pod)],
        ]),
      ]),
      MARKS_EXPLAINED,
    ],
    summary: () =>
      podsOf(live, app)
        .map((pod) => `${pod.metadata.name} ${MARKS[phaseOf(pod)].text}`)
        .join("  ") || "no Pods",
  };
}
