import {
  equalJson,
  isPodReady,
  type CoreV1EndpointPort,
  type EndpointAddress,
  type Endpoints,
  type EndpointSubset,
  type Pod,
  type Service,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { HEADLESS, LAST_CHANGE_TRIGGER_TIME } from "../service-pods/names.ts";
import { addressesOf, findPort, hasClusterIp, hostnameWithin, isInEndpoints } from "../service-pods/pod.ts";
import { repackSubsets, truncateSubsets } from "./subsets.ts";

const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const MANAGER = "endpoint-controller";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
/** How many addresses an Endpoints object holds at most; a port that differs counts its addresses again. */
export const MAX_ADDRESSES = 1000;

export interface EndpointsView {
  /** Undefined: it is gone. */
  readonly service: Service | undefined;
  /** Those that it selects. */
  readonly pods: readonly Pod[];
  readonly current: Endpoints | undefined;
  /** When that happened which the changes come from; RFC 3339. */
  readonly triggerTime: string | undefined;
}

export interface EndpointsStep {
  readonly type: "create" | "update" | "delete";
  readonly endpoints: Endpoints;
}

/** What has to be written so that the Endpoints are those of the Service: one step at most (upstream syncService). */
export function planEndpoints(view: EndpointsView): Plan<EndpointsStep> {
  const { service, pods, current } = view;
  if (!service) {
    return { steps: current ? [{ type: "delete", endpoints: current }] : [], because: "the Service is gone" };
  }
  const wanted = endpointsOf(service, view);
  if (!wanted) return { steps: [], because: "the Endpoints are right" };
  const step: EndpointsStep = { type: current ? "update" : "create", endpoints: wanted };
  return { steps: [step], because: `${pods.length} pods are selected` };
}

/** The Endpoints of the Service as they have to be written; undefined when those there are right. */
function endpointsOf(service: Service, { pods, current, triggerTime }: EndpointsView): Endpoints | undefined {
  const all = repackSubsets(pods.flatMap((pod) => subsetsOf(service, pod)));
  const subsets = truncateSubsets(all, MAX_ADDRESSES);
  const overCapacity = subsets !== all;
  const { labels: serviceLabels, name = "", namespace = "" } = service.metadata;
  const { [HEADLESS]: _, ...own } = serviceLabels ?? {};
  const labels = { ...own, ...(hasClusterIp(service) ? {} : { [HEADLESS]: "" }), [MANAGED_BY]: MANAGER };
  const {
    [OVER_CAPACITY]: capacity,
    [LAST_CHANGE_TRIGGER_TIME]: __,
    ...annotations
  } = current?.metadata.annotations ?? {};
  if (
    current &&
    equalJson(repackSubsets(current.subsets ?? []), subsets) &&
    equalJson(current.metadata.labels ?? {}, labels) &&
    capacity === (overCapacity ? "truncated" : undefined)
  ) {
    return undefined;
  }
  const noted = {
    ...annotations,
    ...(overCapacity ? { [OVER_CAPACITY]: "truncated" } : {}),
    ...(triggerTime === undefined ? {} : { [LAST_CHANGE_TRIGGER_TIME]: triggerTime }),
  };
  const { annotations: ___, ...metadata } = current?.metadata ?? { name, namespace };
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...metadata, labels, ...(Object.keys(noted).length > 0 ? { annotations: noted } : {}) },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

/** The pod's share: a subset for each port that it has for the Service. */
function subsetsOf(service: Service, pod: Pod): EndpointSubset[] {
  const { ports = [], publishNotReadyAddresses = false, ipFamilies = [] } = service.spec ?? {};
  if (!isInEndpoints(pod, publishNotReadyAddresses)) return [];
  const [ip] = addressesOf(pod, ipFamilies[0] === "IPv6" ? 6 : 4);
  if (ip === undefined) return [];
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  const hostname = hostnameWithin(service, pod);
  const address: EndpointAddress = {
    ...(hostname ? { hostname } : {}),
    ip,
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", name, namespace, uid },
  };
  const side = publishNotReadyAddresses || isPodReady(pod) ? "addresses" : "notReadyAddresses";
  if (ports.length === 0) return hasClusterIp(service) ? [] : [{ [side]: [address] }];
  return ports.flatMap((servicePort) => {
    const port = findPort(pod, servicePort);
    if (port === undefined) return [];
    const { name: portName, protocol = "TCP", appProtocol } = servicePort;
    const endpointPort: CoreV1EndpointPort = {
      ...(portName ? { name: portName } : {}),
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    };
    return [{ [side]: [address], ports: [endpointPort] }];
  });
}
