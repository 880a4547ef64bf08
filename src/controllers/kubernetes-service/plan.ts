import {
  equalJson,
  parseIp,
  type CoreV1EndpointPort,
  type Endpoints,
  type EndpointSlice,
  type New,
  type Service,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { SERVICE_NAME, SKIP_MIRROR } from "../service-pods/names.ts";

/** Where pods and nodes reach the API server. */
export interface Advertised {
  /** No loopback address: nothing in a pod would come there. */
  readonly ip: string;
  readonly port: number;
}

export interface KubernetesView {
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  readonly slice: EndpointSlice | undefined;
  /** Undefined: the API server has no address that a pod could come to. */
  readonly advertised: Advertised | undefined;
}

export type KubernetesStep =
  | { readonly type: "create service" }
  | { readonly type: "create endpoints"; readonly object: New<Endpoints> }
  | { readonly type: "update endpoints"; readonly object: Endpoints }
  | { readonly type: "create slice"; readonly object: New<EndpointSlice> }
  | { readonly type: "update slice"; readonly object: EndpointSlice }
  /** Its type of address cannot be changed: it is deleted, and made anew by the next look. */
  | { readonly type: "delete slice" };

const METADATA = { namespace: "default", name: "kubernetes" };

/**
 * What has to be written so that `default/kubernetes` leads to the API server (upstream reconcilers: lease endpoint
 * reconciler and EndpointsAdapter). Without an advertised address only the Service is kept.
 */
export function planKubernetesService(view: KubernetesView): Plan<KubernetesStep> {
  const steps: KubernetesStep[] = view.service ? [] : [{ type: "create service" }];
  const { advertised } = view;
  if (!advertised) return { steps, because: "the API server has no address to lead to" };
  const { ip, port } = advertised;
  const ports: CoreV1EndpointPort[] = [{ name: "https", port, protocol: "TCP" }];
  const subsets = [{ addresses: [{ ip }], ports }];
  const { endpoints, slice } = view;
  const labels = { ...endpoints?.metadata.labels, [SKIP_MIRROR]: "true" };
  if (!endpoints) {
    steps.push({ type: "create endpoints", object: { metadata: { ...METADATA, labels }, subsets } });
  } else if (!equalJson(endpoints.subsets, subsets) || !equalJson(endpoints.metadata.labels, labels)) {
    const object = { ...endpoints, metadata: { ...endpoints.metadata, labels }, subsets };
    steps.push({ type: "update endpoints", object });
  }
  const wanted = {
    addressType: parseIp(ip)?.family === 6 ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports,
  };
  const sliceLabels = { [SERVICE_NAME]: METADATA.name };
  if (!slice) {
    steps.push({ type: "create slice", object: { metadata: { ...METADATA, labels: sliceLabels }, ...wanted } });
  } else if (slice.addressType !== wanted.addressType) {
    steps.push({ type: "delete slice" });
  } else if (
    !equalJson(slice.endpoints, wanted.endpoints) ||
    !equalJson(slice.ports, wanted.ports) ||
    !equalJson(slice.metadata.labels, sliceLabels)
  ) {
    const object = { ...slice, ...wanted, metadata: { ...slice.metadata, labels: sliceLabels } };
    steps.push({ type: "update slice", object });
  }
  return { steps, because: `the API server is at ${ip}, port ${port}` };
}
