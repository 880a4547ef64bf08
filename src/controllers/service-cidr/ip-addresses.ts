import { equalJson, hasReason, IP_ADDRESSES, keyOf, SERVICES, type IPAddress, type Service } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import { addressesOf, planAddresses, serviceOf } from "./plan.ts";

const BY_SERVICE = "service";
const BY_CLUSTER_IP = "cluster-ip";

/** Keeps an IPAddress object for each cluster IP: what is allocated can be seen, and by whom. */
export function ipAddressController(): ControllerDefinition {
  return defineController({
    name: "ipallocator-repair-controller",
    watches: [watch(SERVICES, changedIps), watch(IP_ADDRESSES, owners)],
    writes: [allow(IP_ADDRESSES, "create", "delete")],
    start({ caches }) {
      caches.of(IP_ADDRESSES).addIndex(BY_SERVICE, serviceOf);
      caches.of(SERVICES).addIndex(BY_CLUSTER_IP, ({ spec }) => spec?.clusterIPs);
      return async (key, { caches, client }) => {
        const services = caches.of(SERVICES);
        const addresses = caches.of(IP_ADDRESSES);
        const service = services.get(key);
        const present = (service ? addressesOf(service) : []).flatMap((ip) => addresses.get(ip) ?? []);
        const owners = present.map(serviceOf).filter((owner) => owner !== undefined);
        const plan = planAddresses({
          key,
          service,
          addresses: new Map(present.map((address) => [address.metadata.name ?? "", address])),
          own: addresses.index(BY_SERVICE, key),
          clusterIps: new Map(owners.map((owner) => [owner, services.get(owner)?.spec?.clusterIPs ?? []])),
        });
        for (const { type, address } of plan.steps) {
          const { name = "", uid } = address.metadata;
          if (type === "delete") {
            const preconditions = uid ? { preconditions: { uid } } : {};
            await unlessGone(client.delete(IP_ADDRESSES, { namespace: "", name }, preconditions));
          } else {
            await client.create(IP_ADDRESSES, address).catch((error: unknown) => {
              // The one of a Service that had the address before: the watch shows in a moment that it went.
              if (!hasReason(error, "AlreadyExists")) throw error;
            });
          }
        }
      };
    },
  });
}

const changedIps: KeysOf<Service> = ({ type, object, previous }) =>
  type === "modified" && equalJson(previous.spec?.clusterIPs, object.spec?.clusterIPs) ? undefined : keyOf(object);

/** The Service that an address names, and the one that has it: after one went another may need it made. */
const owners: KeysOf<IPAddress> = ({ object }, caches) => {
  const keys = new Set<string>();
  const named = serviceOf(object);
  if (named !== undefined) keys.add(named);
  for (const service of caches.of(SERVICES).index(BY_CLUSTER_IP, object.metadata.name ?? "")) keys.add(keyOf(service));
  return keys;
};
