import type { ContainerPort } from "#objects";
import type { AnyContainer } from "./validation/context.ts";

interface Placed {
  readonly path: string;
  readonly port: ContainerPort;
}

/** A port is compared with so many others of its number: the rest of their warnings would not reach the client. */
const MAX_COMPARED = 64;

/** Ports that are said twice or overlap. Source: upstream pkg/api/pod warningsForPodSpecAndMeta. */
export function portWarnings(containers: readonly (readonly [AnyContainer, string])[]): string[] {
  const taken = new Map<string, Placed[]>();
  return containers.flatMap(([{ ports = [] }, containerPath]) =>
    ports.flatMap((port, i) => {
      const path = `${containerPath}.ports[${i}]`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = taken.get(key) ?? [];
      if (others.length < MAX_COMPARED) taken.set(key, [...others, { path, port }]);
      return [
        ...(port.hostIP && !port.hostPort ? [`${path}: hostIP set without hostPort: ${goText(port)}`] : []),
        ...others.flatMap((other) => {
          const relation = relationOf(port, other.port);
          return relation ? [`${path}: ${relation} port definition with ${other.path}`] : [];
        }),
      ];
    }),
  );
}

/** As Go prints the struct. */
const goText = ({ name = "", hostPort = 0, containerPort, protocol = "", hostIP = "" }: ContainerPort) =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

type Relation = "duplicate" | "overlapping" | "dangerously ambiguous";

function relationOf(a: ContainerPort, b: ContainerPort): Relation | undefined {
  const [aPort, bPort] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [aIp, bIp] = [a.hostIP ?? "", b.hostIP ?? ""];
  if (aPort === bPort && aIp === bIp) return "duplicate";
  if (aPort === 0 || bPort === 0) return "overlapping";
  return aPort === bPort && (aIp === "") !== (bIp === "") ? "dangerously ambiguous" : undefined;
}
