import {
  equalJson,
  isPodReady,
  type DiscoveryV1EndpointPort,
  type Endpoint,
  type Node,
  type Pod,
  type Service,
} from "#objects";
import { addressesOf, findPort, hostnameWithin } from "../service-pods/pod.ts";

export type AddressType = "IPv4" | "IPv6";

const ZONE = "topology.kubernetes.io/zone";

/** The families of addresses that the Service has endpoints of. */
export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = (spec?.ipFamilies ?? []).filter((family) => family === "IPv4" || family === "IPv6");
  if (families.length > 0) return families;
  return [spec?.clusterIP?.includes(":") ? "IPv6" : "IPv4"];
}

/** The pod as an endpoint of the Service; undefined when it has no address of the type (upstream podToEndpoint). */
export function endpointOf(
  pod: Pod,
  node: Node | undefined,
  service: Service,
  type: AddressType,
): Endpoint | undefined {
  const addresses = addressesOf(pod, type === "IPv6" ? 6 : 4);
  if (addresses.length === 0) return undefined;
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  const hostname = hostnameWithin(service, pod);
  const nodeName = pod.spec?.nodeName;
  const zone = node?.metadata.labels?.[ZONE];
  return {
    addresses,
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: "Pod", name, namespace, uid },
    ...(zone ? { zone } : {}),
  };
}

/** The ports that the pod has for the Service's; one whose name the pod does not know is left out. */
export function endpointPortsOf(service: Service, pod: Pod): readonly DiscoveryV1EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = findPort(pod, servicePort);
    if (port === undefined) return [];
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

/** The same for the same set of ports, whatever their order. */
export function portsKey(ports: readonly DiscoveryV1EndpointPort[] | undefined): string {
  const texts = (ports ?? []).map(({ name = "", port = null, protocol = "TCP", appProtocol = null }) =>
    JSON.stringify([name, port, protocol, appProtocol]),
  );
  return texts.sort().join("\n");
}

/** What makes an endpoint the same one as before, however its conditions change (upstream hashEndpoint). */
export function endpointKey({ addresses, hostname = "", targetRef }: Endpoint): string {
  return JSON.stringify([addresses.toSorted(), hostname, targetRef?.namespace ?? "", targetRef?.name ?? ""]);
}

/** Whether endpoints with one {@link endpointKey} are alike in all that a pod and its node decide. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.conditions?.ready === b.conditions?.ready &&
    a.conditions?.serving === b.conditions?.serving &&
    a.conditions?.terminating === b.conditions?.terminating &&
    sameReference(a.targetRef, b.targetRef)
  );
}

function sameReference(a: Endpoint["targetRef"], b: Endpoint["targetRef"]): boolean {
  return equalJson({ ...a, resourceVersion: "" }, { ...b, resourceVersion: "" });
}
