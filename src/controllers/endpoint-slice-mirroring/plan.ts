import {
  ENDPOINTS,
  equalJson,
  formatIp,
  parseIp,
  type DiscoveryV1EndpointPort,
  type Endpoint,
  type EndpointAddress,
  type Endpoints,
  type EndpointSlice,
  type New,
  type Service,
} from "#objects";
import type { Plan } from "../framework/definition.ts";
import { controllerReference } from "../framework/watch.ts";
import { endpointKey, portsKey, sameEndpoint, type AddressType } from "../endpoint-slice/endpoint.ts";
import type { SliceStep } from "../endpoint-slice/plan.ts";
import { repackSubsets } from "../endpoints/subsets.ts";
import { LAST_CHANGE_TRIGGER_TIME, LEADER, MANAGED_BY, SERVICE_NAME, SKIP_MIRROR } from "../service-pods/names.ts";
import { hasSelector } from "../service-pods/pod.ts";

export const MIRROR = "endpointslicemirroring-controller.k8s.io";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** How many addresses of a subset are mirrored at most. */
export const MAX_MIRRORED = 1000;

export interface MirrorView {
  readonly endpoints: Endpoints | undefined;
  readonly service: Service | undefined;
  /** Those of the name that this controller manages. */
  readonly slices: readonly EndpointSlice[];
}

export type MirrorStep =
  | SliceStep
  /** Something of the Endpoints is not mirrored. */
  | { readonly type: "warn"; readonly endpoints: Endpoints; readonly reason: string; readonly message: string };

/** Whether the Endpoints are a user's own, without the label that says to skip them. */
export const isMirrored = ({ metadata }: Endpoints): boolean =>
  metadata.labels?.[SKIP_MIRROR] !== "true" && metadata.annotations?.[LEADER] === undefined;

interface Wanted {
  readonly type: AddressType;
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

/**
 * What has to be written so that slices mirror hand-made Endpoints of a Service without a selector: one slice for each
 * subset and family (upstream endpointslicemirroring reconciler).
 */
export function planMirror({ endpoints, service, slices }: MirrorView): Plan<MirrorStep> {
  if (!endpoints || !service || hasSelector(service) || !isMirrored(endpoints)) {
    const because = whyNot(endpoints, service);
    return { steps: slices.map((slice) => ({ type: "delete", slice })), because };
  }
  const { wanted, warnings } = wantedOf(endpoints);
  const bySort = Map.groupBy(slices, ({ addressType, ports }) => `${addressType}\n${portsKey(ports)}`);
  const create: Wanted[] = [];
  const update: { readonly old: EndpointSlice; readonly wanted: Wanted }[] = [];
  let remove = slices.filter(({ addressType, ports }) => !wanted.has(`${addressType}\n${portsKey(ports)}`));
  for (const [key, group] of wanted) {
    const [first, ...others] = bySort.get(key) ?? [];
    remove.push(...others);
    if (!first) create.push(group);
    else if (!mirrors(first, endpoints, group)) update.push({ old: first, wanted: group });
  }
  const creations = create.filter((group) => {
    const old = remove.find(({ addressType }) => addressType === group.type);
    if (!old) return true;
    remove = remove.filter((slice) => slice !== old);
    update.push({ old, wanted: group });
    return false;
  });
  return {
    steps: [
      ...warnings,
      ...(endpoints.metadata.deletionTimestamp ? [] : creations).map((group): SliceStep => ({
        type: "create",
        slice: sliceOf(endpoints, group, undefined),
      })),
      ...update.map(({ old, wanted: group }): SliceStep => ({
        type: "update",
        slice: sliceOf(endpoints, group, old) as EndpointSlice,
      })),
      ...remove.map((slice): SliceStep => ({ type: "delete", slice })),
    ],
    because: `the Endpoints are mirrored by ${wanted.size} slices`,
  };
}

function whyNot(endpoints: Endpoints | undefined, service: Service | undefined): string {
  if (!endpoints) return "the Endpoints are gone";
  if (!service) return "the Endpoints have no Service";
  return hasSelector(service) ? "the Service has a selector" : "the Endpoints are not to be mirrored";
}

function wantedOf(endpoints: Endpoints) {
  const wanted = new Map<string, Wanted>();
  let invalid = 0;
  let skipped = 0;
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of repackSubsets(endpoints.subsets ?? [])) {
    const slicePorts = ports.map(({ name = "", port, protocol = "TCP", appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    let mirrored = 0;
    const mirror = (address: EndpointAddress, ready: boolean) => {
      if (mirrored >= MAX_MIRRORED) return;
      const ip = parseIp(address.ip);
      if (!ip) {
        invalid++;
        return;
      }
      mirrored++;
      const type = ip.family === 6 ? "IPv6" : "IPv4";
      const key = `${type}\n${portsKey(slicePorts)}`;
      let group = wanted.get(key);
      if (!group) wanted.set(key, (group = { type, ports: slicePorts, endpoints: new Map() }));
      const endpoint = endpointFrom(address, formatIp(ip), ready);
      group.endpoints.set(endpointKey(endpoint), endpoint);
    };
    for (const address of addresses) mirror(address, true);
    for (const address of notReadyAddresses) mirror(address, false);
    skipped += addresses.length + notReadyAddresses.length - mirrored;
  }
  const warnings: MirrorStep[] = [];
  const warn = (reason: string, message: string) => warnings.push({ type: "warn", endpoints, reason, message });
  if (invalid > 0) {
    warn("InvalidIPAddress", `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`);
  }
  if (skipped > invalid) {
    const message = `A max of ${MAX_MIRRORED} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
    warn("TooManyAddressesToMirror", message);
  }
  return { wanted, warnings };
}

function endpointFrom({ hostname, nodeName, targetRef }: EndpointAddress, ip: string, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

function mirrors(slice: EndpointSlice, endpoints: Endpoints, wanted: Wanted): boolean {
  const there = slice.endpoints ?? [];
  const { labels, annotations = {} } = metadataOf(endpoints);
  return (
    there.length === wanted.endpoints.size &&
    there.every((endpoint) => {
      const want = wanted.endpoints.get(endpointKey(endpoint));
      return want !== undefined && sameEndpoint(endpoint, want);
    }) &&
    equalJson(slice.metadata.labels, labels) &&
    equalJson(slice.metadata.annotations ?? {}, annotations) &&
    // Endpoints of this name that were made anew own it now.
    !slice.metadata.ownerReferences?.some(
      ({ kind, name, uid }) =>
        kind === "Endpoints" && name === endpoints.metadata.name && uid !== endpoints.metadata.uid,
    )
  );
}

function metadataOf({ metadata }: Endpoints) {
  const { [LAST_CHANGE_TRIGGER_TIME]: _, [LAST_APPLIED]: __, ...annotations } = metadata.annotations ?? {};
  return {
    labels: { ...metadata.labels, [SERVICE_NAME]: metadata.name ?? "", [MANAGED_BY]: MIRROR },
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

function sliceOf(endpoints: Endpoints, wanted: Wanted, old: EndpointSlice | undefined): New<EndpointSlice> {
  const { name = "", namespace = "" } = endpoints.metadata;
  const { annotations: _, ...metadata } = old?.metadata ?? { generateName: `${name}-`, namespace };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      ...metadata,
      ...metadataOf(endpoints),
      ownerReferences: [controllerReference(ENDPOINTS, endpoints)],
    },
    addressType: wanted.type,
    endpoints: [...wanted.endpoints.values()],
    ports: wanted.ports,
  };
}
