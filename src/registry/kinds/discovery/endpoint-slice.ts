import {
  dnsLabel,
  dnsSubdomain,
  duplicate,
  invalid,
  parseIp,
  qualifiedName,
  required,
  tooMany,
  validateLabels,
  validateLegacyIp,
  type DiscoveryV1EndpointPort,
  type Draft,
  type Endpoint,
  type EndpointSlice,
  type FieldError,
} from "#objects";
import { each, oneOf, requiredOneOf, unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { ipWarnings } from "../common/ip-warnings.ts";
import { listed } from "../common/lists.ts";
import { domainNameErrors } from "../common/names.ts";
import { PROTOCOLS } from "../common/protocols.ts";
import { nonSpecialIpErrors } from "../common/special-ip.ts";

const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const MAX_ADDRESSES = 100;
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;
const MAX_TOPOLOGY = 16;

function applyDefaults(draft: Draft<EndpointSlice>): void {
  for (const port of draft.ports ?? []) {
    port.name ??= "";
    port.protocol ??= "TCP";
  }
}

function addressErrors(field: string, address: string, type: string): FieldError[] {
  if (type === "FQDN") return domainNameErrors(field, address);
  if (type !== "IPv4" && type !== "IPv6") return [];
  const errors = validateLegacyIp(address, field);
  const family = parseIp(address)?.family;
  if (family !== undefined && family !== (type === "IPv4" ? 4 : 6)) {
    errors.push(invalid(field, address, `must be an ${type} address`));
  }
  return [...errors, ...nonSpecialIpErrors(field, address)];
}

function hintErrors(field: string, names: readonly { readonly name: string }[]): FieldError[] {
  if (names.length > MAX_HINTS) return [tooMany(field, names.length, MAX_HINTS)];
  return names.flatMap(({ name }, i) => {
    const path = `${field}[${i}].name`;
    const errors = each(path, name, qualifiedName(name));
    if (names.findIndex((other) => other.name === name) < i) errors.push(duplicate(path, name));
    return errors;
  });
}

function endpointErrors(field: string, endpoint: Endpoint, type: string): FieldError[] {
  const { addresses = [], hostname, nodeName, hints, deprecatedTopology = {} } = endpoint;
  const errors: FieldError[] = [];
  const path = `${field}.addresses`;
  if (addresses.length === 0) errors.push(required(path, "must contain at least 1 address"));
  if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(path, addresses.length, MAX_ADDRESSES));
  errors.push(...addresses.flatMap((address, i) => addressErrors(`${path}[${i}]`, address, type)));
  if (nodeName !== undefined) errors.push(...each(`${field}.nodeName`, nodeName, dnsSubdomain(nodeName)));
  const topology = Object.keys(deprecatedTopology).length;
  if (topology > MAX_TOPOLOGY) errors.push(tooMany(`${field}.deprecatedTopology`, topology, MAX_TOPOLOGY));
  errors.push(...validateLabels(deprecatedTopology, `${field}.deprecatedTopology`));
  if (hostname !== undefined) errors.push(...each(`${field}.hostname`, hostname, dnsLabel(hostname)));
  errors.push(...hintErrors(`${field}.hints.forZones`, hints?.forZones ?? []));
  return [...errors, ...hintErrors(`${field}.hints.forNodes`, hints?.forNodes ?? [])];
}

function portErrors(ports: readonly DiscoveryV1EndpointPort[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooMany("ports", ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap(({ name = "", protocol, appProtocol }, i) => {
    const field = `ports[${i}]`;
    const errors = name ? each(`${field}.name`, name, dnsLabel(name)) : [];
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    errors.push(...requiredOneOf(`${field}.protocol`, protocol, PROTOCOLS));
    if (appProtocol !== undefined) {
      errors.push(...each(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    }
    return errors;
  });
}

function validate({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const all = endpoints ?? [];
  return [
    ...(addressType ? oneOf("addressType", addressType, ADDRESS_TYPES) : [required("addressType")]),
    ...(all.length > MAX_ENDPOINTS
      ? [tooMany("endpoints", all.length, MAX_ENDPOINTS)]
      : all.flatMap((endpoint, i) => endpointErrors(`endpoints[${i}]`, endpoint, addressType))),
    ...portErrors(ports ?? []),
  ];
}

export const endpointSlices = define<EndpointSlice>({
  group: "discovery.k8s.io",
  resource: "endpointslices",
  singular: "endpointslice",
  kind: "EndpointSlice",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("discovery", "v1", "EndpointSlice")],
  hasGeneration: true,
  applyDefaults,
  validate,
  validateUpdate: ({ addressType }, old) => unchanged("addressType", addressType, old.addressType),
  warnings: ({ addressType, endpoints }) =>
    addressType === "FQDN"
      ? ["addressType: FQDN endpoints are deprecated"]
      : (endpoints ?? []).flatMap(({ addresses }, i) =>
          (addresses ?? []).flatMap((address, j) => ipWarnings(address, `endpoints[${i}].addresses[${j}]`)),
        ),
  columns: [
    text("AddressType", ({ addressType }) => addressType),
    text("Ports", ({ ports }) =>
      listed(
        (ports ?? []).map(({ port, name }) => port ?? (name || "*")),
        "<unset>",
      ),
    ),
    text("Endpoints", ({ endpoints }) =>
      listed(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        "<unset>",
      ),
    ),
    AGE,
  ],
});
