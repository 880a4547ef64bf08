import {
  equalJson,
  SERVICES,
  type DiscoveryV1EndpointPort,
  type Endpoint,
  type EndpointSlice,
  type New,
  type Node,
  type Pod,
  type Service,
} from "#objects";
import type { Plan } from "../framework/definition.ts";
import { controllerReference } from "../framework/watch.ts";
import { HEADLESS, LAST_CHANGE_TRIGGER_TIME, MANAGED_BY, SERVICE_NAME } from "../service-pods/names.ts";
import { hasClusterIp, isInEndpoints } from "../service-pods/pod.ts";
import { addressTypesOf, endpointOf, endpointPortsOf, portsKey, type AddressType } from "./endpoint.ts";
import { fill } from "./fill.ts";
import { hintingOf, hintsDiffer, withHints, type Hinting } from "./hints.ts";

export const MANAGER = "endpointslice-controller.k8s.io";
const RESERVED = [SERVICE_NAME, MANAGED_BY, HEADLESS];

export interface SlicesView {
  /** With a selector, and of no type that has no endpoints. */
  readonly service: Service;
  /** Those that it selects. */
  readonly pods: readonly Pod[];
  /** The nodes that those are on, by name, as far as they are known. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** Those of the Service that this controller manages and that are not being deleted. */
  readonly slices: readonly EndpointSlice[];
  /** When that happened which the changes come from; RFC 3339. */
  readonly triggerTime: string | undefined;
  /** How many endpoints a slice holds at most. */
  readonly max: number;
}

export type SliceStep =
  | { readonly type: "create"; readonly slice: New<EndpointSlice> }
  | { readonly type: "update"; readonly slice: EndpointSlice }
  | { readonly type: "delete"; readonly slice: EndpointSlice };

/** What has to be written so that the Service's slices hold just its endpoints (upstream endpointslice Reconciler). */
export function planSlices(view: SlicesView): Plan<SliceStep> {
  const types = addressTypesOf(view.service);
  const steps: SliceStep[] = view.slices
    .filter(({ addressType }) => !types.some((type) => type === addressType))
    .map((slice) => ({ type: "delete", slice }));
  for (const type of types) steps.push(...planType(view, type));
  const count = (type: SliceStep["type"]) => steps.filter((step) => step.type === type).length;
  return {
    steps,
    because: `${view.pods.length} pods are selected: ${count("create")} slices to create, ${count("update")} to update, ${count("delete")} to delete`,
  };
}

/** A slice as it shall be; `old` is the one that it replaces. */
interface Wanted {
  readonly old?: EndpointSlice;
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

function planType(view: SlicesView, type: AddressType): SliceStep[] {
  const { service, max } = view;
  const labels = labelsOf(service);
  const hinting = hintingOf(service);
  const existing = view.slices.filter(({ addressType }) => addressType === type);
  const owned = existing.filter((slice) => isOwnedBy(slice, service));
  const byPorts = Map.groupBy(owned, ({ ports }) => portsKey(ports));
  const groups = wantedGroups(view, type);

  const create: Wanted[] = [];
  const update: Wanted[] = [];
  const remove = existing.filter((slice) => !isOwnedBy(slice, service));
  for (const [key, { ports, endpoints }] of groups) {
    const holdings = (byPorts.get(key) ?? []).map((slice) => ({
      slice,
      endpoints: slice.endpoints ?? [],
      stale: !equalJson(slice.metadata.labels, labels) || hintsDiffer(slice.endpoints ?? [], hinting),
    }));
    const filling = fill(holdings, endpoints, max);
    create.push(...filling.create.map((filled) => ({ ports, endpoints: filled })));
    for (const { slice, endpoints: filled } of filling.update) {
      update.push({ old: slice, ports: slice.ports ?? [], endpoints: filled });
    }
    remove.push(...filling.remove);
  }
  for (const [key, slices] of byPorts) if (!groups.has(key)) remove.push(...slices);

  // A Service without endpoints has one empty slice: watchers can tell it from one that was not synced yet.
  if (existing.length === remove.length && create.length === 0) {
    const [only] = remove;
    if (remove.length === 1 && only && isPlaceholder(only, service, labels)) return [];
    create.push({ ports: [], endpoints: [] });
  }

  // What would be deleted is written over with what would be created.
  const spare = remove.filter((slice) => isOwnedBy(slice, service));
  while (create.length > 0 && spare.length > 0) {
    const old = spare.shift()!;
    remove.splice(remove.indexOf(old), 1);
    update.push({ old, ...create.pop()! });
  }

  const made = (wanted: Wanted) => sliceOf(view, type, labels, hinting, wanted);
  // The garbage collector would race with new slices of a Service that is being deleted.
  const creations = service.metadata.deletionTimestamp ? [] : create;
  return [
    ...creations.map((wanted): SliceStep => ({ type: "create", slice: made(wanted) })),
    ...update.map((wanted): SliceStep => ({ type: "update", slice: made(wanted) as EndpointSlice })),
    ...remove.map((slice): SliceStep => ({ type: "delete", slice })),
  ];
}

/** The endpoints by the ports that they have, one group for each set of ports. */
function wantedGroups({ service, pods, nodes }: SlicesView, type: AddressType) {
  const groups = new Map<string, { readonly ports: readonly DiscoveryV1EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of pods) {
    if (!isInEndpoints(pod, true)) continue;
    const ports = endpointPortsOf(service, pod);
    const key = portsKey(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: [] }));
    const { nodeName = "" } = pod.spec ?? {};
    const host = nodes.get(nodeName);
    // The pods of a node that is gone are about to go.
    if (!host && !service.spec?.publishNotReadyAddresses) continue;
    const endpoint = endpointOf(pod, host, service, type);
    if (endpoint) group.endpoints.push(endpoint);
  }
  return groups;
}

function sliceOf(
  { service, triggerTime }: SlicesView,
  type: AddressType,
  labels: Readonly<Record<string, string>>,
  hinting: Hinting,
  { old, ports, endpoints }: Wanted,
): EndpointSlice {
  const { name = "", namespace = "" } = service.metadata;
  const { [LAST_CHANGE_TRIGGER_TIME]: _, ...others } = old?.metadata.annotations ?? {};
  const annotations = triggerTime === undefined ? others : { ...others, [LAST_CHANGE_TRIGGER_TIME]: triggerTime };
  const { annotations: __, ...oldMetadata } = old?.metadata ?? {};
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      ...(old
        ? oldMetadata
        : { generateName: `${name}-`, namespace, ownerReferences: [controllerReference(SERVICES, service)] }),
      labels,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    addressType: type,
    endpoints: endpoints.map((endpoint) => withHints(endpoint, hinting)),
    ports,
  };
}

/** The Service's own labels, and those that name it. */
function labelsOf(service: Service): Readonly<Record<string, string>> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([label]) => !RESERVED.includes(label));
  return {
    ...Object.fromEntries(own),
    ...(hasClusterIp(service) ? {} : { [HEADLESS]: "" }),
    [MANAGED_BY]: MANAGER,
    [SERVICE_NAME]: service.metadata.name ?? "",
  };
}

const isOwnedBy = (slice: EndpointSlice, { metadata }: Service): boolean =>
  slice.metadata.ownerReferences?.some(
    ({ uid, kind, apiVersion }) => uid === metadata.uid && kind === "Service" && apiVersion === "v1",
  ) ?? false;

const isPlaceholder = (slice: EndpointSlice, service: Service, labels: Readonly<Record<string, string>>): boolean =>
  isOwnedBy(slice, service) &&
  !slice.endpoints?.length &&
  !slice.ports?.length &&
  equalJson(slice.metadata.labels, labels);
