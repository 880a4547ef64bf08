import { containerStatuses, type Pod } from "#objects";

/** What a kubelet tells of itself in Prometheus' text, under upstream's names (kubelet/metrics). */
export function kubeletMetrics(nodeName: string, pods: readonly Pod[]): string {
  const statuses = pods.map(containerStatuses);
  const running = statuses.filter((of) => of.some(({ state }) => state?.running)).length;
  const inState = (name: "running" | "terminated") => statuses.flat().filter(({ state }) => state?.[name]).length;
  return [
    family("kubelet_node_name", "The node's name, as a label; the value is always 1", [`{node="${nodeName}"} 1`]),
    family("kubelet_running_pods", "Pods of which a container runs", [` ${running}`]),
    family("kubelet_running_containers", "Containers by what they do", [
      `{container_state="exited"} ${inState("terminated")}`,
      `{container_state="running"} ${inState("running")}`,
    ]),
  ].join("");
}

const family = (name: string, help: string, samples: readonly string[]) =>
  `# HELP ${name} [ALPHA] ${help}\n# TYPE ${name} gauge\n${samples.map((sample) => `${name}${sample}\n`).join("")}`;
