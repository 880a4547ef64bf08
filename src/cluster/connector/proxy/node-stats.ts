import type { ContainerUsage, NodeStats, Usage } from "#kubelet";

const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

const used = (usage: Usage) => ({
  cpu: { time: time(usage.time), usageCoreNanoSeconds: usage.cpuNanoseconds },
  memory: { time: time(usage.time), workingSetBytes: usage.workingSetBytes },
});

/** The kubelet's Summary (kubelet stats/v1alpha1) with what is measured of it. */
export function statsSummary(nodeName: string, { node, containers }: NodeStats): object {
  const byPod = Map.groupBy(containers, ({ podUid }) => podUid);
  return {
    node: { nodeName, ...used(node) },
    pods: [...byPod.values()].map((list) => ({
      podRef: { name: list[0]?.pod, namespace: list[0]?.namespace, uid: list[0]?.podUid },
      containers: list.map((usage) => ({ name: usage.name, ...used(usage) })),
    })),
  };
}

const seconds = ({ cpuNanoseconds }: Usage) => cpuNanoseconds / 1e9;
const bytes = ({ workingSetBytes }: Usage) => workingSetBytes;

const family = (name: string, type: string, help: string, lines: readonly string[]) =>
  `# HELP ${name} [STABLE] ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;

/** What metrics-server reads, in Prometheus' text. */
export function resourceMetrics({ node, containers }: NodeStats): string {
  const line = (name: string, { container, ...of }: { container?: ContainerUsage; usage: Usage; value: number }) => {
    const labels = container
      ? `{container="${container.name}",namespace="${container.namespace}",pod="${container.pod}"}`
      : "";
    return `${name}${labels} ${of.value} ${of.usage.time}\n`;
  };
  const ofAll = (name: string, value: (usage: Usage) => number) =>
    containers.map((container) => line(name, { container, usage: container, value: value(container) }));
  const ofNode = (name: string, value: (usage: Usage) => number) => [line(name, { usage: node, value: value(node) })];
  const cpu = "Cumulative cpu time consumed by the";
  const memory = "Current working set of the";
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      `${cpu} container in core-seconds`,
      ofAll("container_cpu_usage_seconds_total", seconds),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      `${memory} container in bytes`,
      ofAll("container_memory_working_set_bytes", bytes),
    ),
    family(
      "node_cpu_usage_seconds_total",
      "counter",
      `${cpu} node in core-seconds`,
      ofNode("node_cpu_usage_seconds_total", seconds),
    ),
    family(
      "node_memory_working_set_bytes",
      "gauge",
      `${memory} node in bytes`,
      ofNode("node_memory_working_set_bytes", bytes),
    ),
  ].join("");
}
