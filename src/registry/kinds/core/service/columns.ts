import type { Service } from "#objects";
import type { PrinterColumn } from "../../../definition.ts";
import { AGE, formatLabels, text, wide } from "../../common/columns.ts";
import { balancerAddresses } from "../../common/load-balancer.ts";

function externalIp({ spec = {}, status }: Service): string {
  const own = spec.externalIPs ?? [];
  switch (spec.type ?? "") {
    case "ClusterIP":
    case "NodePort":
      return own.join(",") || "<none>";
    case "LoadBalancer":
      return [...balancerAddresses(status?.loadBalancer?.ingress), ...own].join(",") || "<pending>";
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

const ports = ({ spec }: Service): string =>
  (spec?.ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`)
    .join(",") || "<none>";

export const columns: readonly PrinterColumn<Service>[] = [
  text("Type", ({ spec }) => spec?.type ?? ""),
  text("Cluster-IP", ({ spec }) => spec?.clusterIPs?.[0] ?? "<none>"),
  text("External-IP", externalIp),
  text("Port(s)", ports),
  AGE,
  wide("Selector", ({ spec }) => formatLabels(spec?.selector)),
];
