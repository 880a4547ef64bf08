import type { Clock } from "#base";
import type { SharedCaches } from "#client";
import { ENDPOINT_SLICES, NAMESPACES, SERVICES, type EndpointSlice, type Service } from "#objects";
import { canonicalAddress } from "./reverse.ts";

/** What the cluster's zone is made of, looked up by what questions name. */
export interface DnsView {
  /** Lower case, without a final dot: `cluster.local`. */
  readonly clusterDomain: string;
  /** Until it is, that something is not found says nothing. */
  readonly synced: boolean;
  /** Of the zone's SOA: the time of the last change, in seconds since the epoch. */
  readonly serial: number;
  /** Where this server listens, for the time when its Service is not there. */
  readonly localAddresses: readonly string[];
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  /** Addresses are canonical. */
  serviceWithIp(address: string): Service | undefined;
  slicesWithAddress(address: string): readonly EndpointSlice[];
}

export interface ViewOptions {
  readonly caches: SharedCaches;
  readonly clock: Clock;
  readonly clusterDomain: string;
  readonly localAddresses: readonly string[];
}

const SERVICE_NAME = "kubernetes.io/service-name";
const BY_IP = "dns/cluster-ip";
const BY_SERVICE = "dns/service";
const BY_ADDRESS = "dns/address";

const canonical = (addresses: readonly string[]): string[] =>
  addresses.map(canonicalAddress).filter((address) => address !== undefined);

/** Unknown counts as ready (discovery/v1 EndpointConditions). */
export const isReady = ({ conditions }: NonNullable<EndpointSlice["endpoints"]>[number]): boolean =>
  conditions?.ready !== false;

/** `namespace/service` that a slice belongs to. */
const ownerOf = ({ metadata: { labels, namespace } }: EndpointSlice): string | undefined => {
  const service = labels?.[SERVICE_NAME];
  return service === undefined ? undefined : `${namespace}/${service}`;
};

/** The zone as the caches have it: indexes, kept change by change. */
export function createView({ caches, clock, clusterDomain, localAddresses }: ViewOptions): DnsView {
  const services = caches.of(SERVICES);
  const slices = caches.of(ENDPOINT_SLICES);
  const namespaces = caches.of(NAMESPACES);
  services.addIndex(BY_IP, ({ spec }) => canonical(spec?.clusterIPs ?? []));
  slices.addIndex(BY_SERVICE, ownerOf);
  slices.addIndex(BY_ADDRESS, (slice) =>
    ownerOf(slice) === undefined
      ? undefined
      : canonical((slice.endpoints ?? []).filter(isReady).flatMap(({ addresses }) => addresses)),
  );
  let changed = clock.now();
  const touch = () => {
    changed = clock.now();
  };
  services.subscribe(touch, { replay: false });
  slices.subscribe(touch, { replay: false });
  return {
    clusterDomain,
    localAddresses,
    get synced() {
      return services.synced && slices.synced && namespaces.synced;
    },
    get serial() {
      return Math.floor(changed / 1000) >>> 0;
    },
    hasNamespace: (name) => namespaces.has(name),
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    slices: (namespace, service) => slices.index(BY_SERVICE, `${namespace}/${service}`),
    serviceWithIp: (address) => services.index(BY_IP, address)[0],
    slicesWithAddress: (address) => slices.index(BY_ADDRESS, address),
  };
}
