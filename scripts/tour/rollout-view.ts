import { MARKS, MARKS_EXPLAINED } from "./marks.ts";
import type { LiveView } from "./screen.ts";
import { columns, type Line, type Span } from "./text.ts";
import type { TrafficView } from "./traffic.ts";
import { desiredOf, versionsOf, type Version } from "../../test/support/rollout/versions.ts";
import type { LiveCluster } from "../../test/support/rollout/live-cluster.ts";

const BAR = 16;
/** From this width on there is room for the names of the ReplicaSets. */
const WIDE = 76;

/** Deployments with a bar of what is available, below each its versions with one sign a Pod, and what clients see of it. */
export function rolloutView(
  live: LiveCluster,
  names: readonly string[],
  now: () => number,
  traffic?: TrafficView,
): LiveView {
  const began = now();
  const seconds = () => `${((now() - began) / 1000).toFixed(1)} s`;
  return {
    lines: (width) => [
      ...names.flatMap((name) => [head(live, name, seconds()), ...table(versionsOf(live, name), width >= WIDE)]),
      ...(traffic ? [traffic.line()] : []),
      MARKS_EXPLAINED,
    ],
    summary: () => [...names.map((name) => gist(live, name)), ...(traffic ? [traffic.gist()] : [])].join("  |  "),
  };
}

function head(live: LiveCluster, name: string, seconds: string): Line {
  const deployment = live.deployments.get(name);
  const desired = desiredOf(deployment);
  const { availableReplicas: available = 0, updatedReplicas: updated = 0 } = deployment?.status ?? {};
  const full = desired === 0 ? 0 : Math.min(BAR, Math.round((available / desired) * BAR));
  return [
    "    ",
    { text: `deployment/${name}`, style: "bold" },
    ` ${available}/${desired} available, ${updated} up to date `,
    { text: "█".repeat(full), style: available >= desired ? "green" : "yellow" },
    { text: "░".repeat(BAR - full), style: "dim" },
    { text: ` ${seconds}`, style: "dim" },
  ];
}

function table(versions: readonly Version[], wide: boolean): Line[] {
  const heads = ["    REVISION", ...(wide ? ["REPLICASET"] : []), "IMAGE", "DESIRED", "PODS"];
  const rows = versions.map(({ name, revision, image, desired }) => [
    `    ${revision}`,
    ...(wide ? [name] : []),
    image,
    `${desired}`,
    "",
  ]);
  return columns([heads.map((text): Span => ({ text, style: "dim" })), ...rows]).map((line, i) =>
    i === 0 ? line : [...line, ...versions[i - 1]!.pods.map(({ phase }) => MARKS[phase])],
  );
}

function gist(live: LiveCluster, name: string): string {
  const deployment = live.deployments.get(name);
  const versions = versionsOf(live, name)
    .filter(({ desired, pods }) => desired > 0 || pods.length > 0)
    .map(({ image, pods }) => `${image} ${pods.map(({ phase }) => MARKS[phase].text).join("")}`);
  const parts = [
    `${name} ${deployment?.status?.availableReplicas ?? 0}/${desiredOf(deployment)} available`,
    ...versions,
  ];
  return parts.join("  ").trimEnd();
}
