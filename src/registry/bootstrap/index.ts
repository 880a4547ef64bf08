/**
 * The objects that every cluster has from its first start. They are made as a client would make them (defaults and
 * allocation as for every client), where they are absent; later changes to them are not undone.
 */
import type { AnyDraft, Draft, New, Service } from "#objects";
import { DEFAULT_SERVICE_CIDR, firstServiceIps } from "../kinds/core/service/options.ts";
import { SYSTEM_PRIORITY_CLASSES } from "../kinds/scheduling/priority-class.ts";

export interface BootstrapOptions {
  /** As for `builtInKinds`; default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** The port that the API server answers on, which `default/kubernetes` leads to; default 6443. */
  readonly apiServerPort?: number;
}

export interface BootstrapObject {
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  /** A fresh object, to be created as it is. */
  readonly object: AnyDraft;
}

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
const API_LABELS = { component: "apiserver", provider: "kubernetes" };
const HTTPS = "https";
const HTTPS_PORT = 443;

const namespace = (name: string): BootstrapObject => ({
  group: "",
  resource: "namespaces",
  object: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
});

const priorityClass = (name: string, value: number, description: string): BootstrapObject => ({
  group: "scheduling.k8s.io",
  resource: "priorityclasses",
  object: { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value, description },
});

const serviceCidr = (cidrs: readonly string[]): BootstrapObject => ({
  group: "networking.k8s.io",
  resource: "servicecidrs",
  object: {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs },
  },
});

/** The API server itself, as pods in the cluster reach it: the first address of the service network. Fresh at every call. */
export function kubernetesService(options: BootstrapOptions = {}): Draft<New<Service>> {
  const { serviceCidr: cidr = DEFAULT_SERVICE_CIDR, apiServerPort: targetPort = 6443 } = options;
  const [clusterIP] = firstServiceIps(cidr);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default", labels: { ...API_LABELS } },
    spec: {
      type: "ClusterIP",
      ...(clusterIP === undefined ? {} : { clusterIP }),
      sessionAffinity: "None",
      ports: [{ name: HTTPS, port: HTTPS_PORT, protocol: "TCP", targetPort }],
    },
  };
}

/** In the order in which they can be created. Fresh at every call. */
export function bootstrapObjects(options: BootstrapOptions = {}): readonly BootstrapObject[] {
  const { serviceCidr: cidr = DEFAULT_SERVICE_CIDR } = options;
  const cidrs = cidr.split(",").map((part) => part.trim());
  return [
    ...NAMESPACES.map(namespace),
    ...Object.entries(SYSTEM_PRIORITY_CLASSES).map(([name, { value, description }]) =>
      priorityClass(name, value, description),
    ),
    serviceCidr(cidrs),
    { group: "", resource: "services", object: kubernetesService(options) as AnyDraft },
  ];
}
