import {
  dnsLabel,
  dnsSubdomain,
  portNumber,
  qualifiedName,
  required,
  validateLegacyIp,
  type CoreV1EndpointPort,
  type Draft,
  type EndpointAddress,
  type EndpointSubset,
  type Endpoints,
  type FieldError,
} from "#objects";
import { each, requiredOneOf } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { ipWarnings } from "../common/ip-warnings.ts";
import { hostPort, listed } from "../common/lists.ts";
import { nonSpecialIpErrors } from "../common/special-ip.ts";
import { PROTOCOLS } from "../common/protocols.ts";

function applyDefaults(draft: Draft<Endpoints>): void {
  for (const { ports = [] } of draft.subsets ?? []) for (const port of ports) port.protocol ||= "TCP";
}

function addressErrors(field: string, { ip = "", hostname, nodeName }: EndpointAddress): FieldError[] {
  return [
    ...validateLegacyIp(ip, `${field}.ip`),
    ...(hostname ? each(`${field}.hostname`, hostname, dnsLabel(hostname)) : []),
    ...(nodeName === undefined ? [] : each(`${field}.nodeName`, nodeName, dnsSubdomain(nodeName))),
    ...nonSpecialIpErrors(`${field}.ip`, ip),
  ];
}

function portErrors(field: string, { name, port, protocol, appProtocol }: CoreV1EndpointPort, alone: boolean) {
  return [
    ...(name ? each(`${field}.name`, name, dnsLabel(name)) : alone ? [] : [required(`${field}.name`)]),
    ...each(`${field}.port`, port, portNumber(port)),
    ...requiredOneOf(`${field}.protocol`, protocol, PROTOCOLS),
    ...(appProtocol === undefined ? [] : each(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol))),
  ];
}

function subsetErrors(field: string, subset: EndpointSubset): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const none = addresses.length === 0 && notReadyAddresses.length === 0;
  return [
    ...(none ? [required(field, "must specify `addresses` or `notReadyAddresses`")] : []),
    ...addresses.flatMap((address, i) => addressErrors(`${field}.addresses[${i}]`, address)),
    ...notReadyAddresses.flatMap((address, i) => addressErrors(`${field}.notReadyAddresses[${i}]`, address)),
    ...ports.flatMap((port, i) => portErrors(`${field}.ports[${i}]`, port, ports.length === 1)),
  ];
}

function shownEndpoints({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return "<none>";
  return listed(
    subsets.flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0
        ? addresses.map(({ ip }) => ip)
        : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
    ),
  );
}

export const endpoints = define<Endpoints>({
  group: "",
  resource: "endpoints",
  singular: "endpoints",
  kind: "Endpoints",
  listKind: "EndpointsList",
  shortNames: ["ep"],
  namespaced: true,
  storageVersion: "v1",
  versions: [
    served("core", "v1", "Endpoints", {
      deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    }),
  ],
  createsOnUpdate: true,
  applyDefaults,
  warnings: ({ subsets = [] }) =>
    subsets.flatMap(({ addresses = [], notReadyAddresses = [] }, i) => [
      ...addresses.flatMap(({ ip }, j) => ipWarnings(ip, `subsets[${i}].addresses[${j}].ip`)),
      ...notReadyAddresses.flatMap(({ ip }, j) => ipWarnings(ip, `subsets[${i}].notReadyAddresses[${j}].ip`)),
    ]),
  validate: ({ subsets = [] }) => subsets.flatMap((subset, i) => subsetErrors(`subsets[${i}]`, subset)),
  columns: [text("Endpoints", shownEndpoints), AGE],
});
