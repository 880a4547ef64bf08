import { createWorkQueue, type Clock, type Log, type Scope } from "#base";
import type { Client, SharedCaches } from "#client";
import { ENDPOINT_SLICES, ENDPOINTS, hasReason, keyOf, SERVICES, type KubeObject, type ResourceType } from "#objects";
import { DNS_SERVICE } from "./names.ts";
import { planDnsService, type Write, type DnsPlace } from "./plan.ts";

export interface DnsServiceOptions extends DnsPlace {
  readonly client: Client;
  readonly caches: SharedCaches;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

const KEY = keyOf(DNS_SERVICE);

/**
 * Keeps the Service kube-dns and what it leads to true until the scope closes. Returns at once; what fails is tried
 * again.
 */
export function ensureDnsService(options: DnsServiceOptions): void {
  const { client, caches, clock, log, scope } = options;
  const services = caches.of(SERVICES);
  const slices = caches.of(ENDPOINT_SLICES);
  const endpoints = caches.of(ENDPOINTS, {
    namespace: DNS_SERVICE.namespace,
    fieldSelector: `metadata.name=${DNS_SERVICE.name}`,
  });
  const queue = createWorkQueue({
    clock,
    async handle() {
      await Promise.all([services, slices, endpoints].map((cache) => cache.whenSynced()));
      const found = { service: services.get(KEY), slice: slices.get(KEY), endpoints: endpoints.get(KEY) };
      const changes = planDnsService(found, options);
      await apply(client, SERVICES, changes.service);
      await apply(client, ENDPOINT_SLICES, changes.slice);
      await apply(client, ENDPOINTS, changes.endpoints);
    },
    onError: (_key, error, attempt) => {
      if (!scope.signal.aborted) log.warn("the Service kube-dns could not be kept", { error, attempt });
    },
  });
  scope.defer(() => queue.close());
  const look = ({ object }: { readonly object: KubeObject }) => {
    if (keyOf(object) === KEY) queue.add(KEY);
  };
  const stops = [services.subscribe(look), slices.subscribe(look), endpoints.subscribe(look)];
  scope.defer(() => stops.forEach((stop) => stop()));
  queue.add(KEY);
}

/** Another client's change arrives by the watch, and the Service is looked at again then. */
async function apply<T extends KubeObject>(client: Client, type: ResourceType<T>, change: Write<T>): Promise<void> {
  if (change.do === "nothing") return;
  const { object } = change;
  const { namespace = "", name = "", uid } = object.metadata;
  try {
    if (change.do === "create") await client.create(type, object);
    else if (change.do === "update") await client.update(type, object);
    else await client.delete(type, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } });
  } catch (error) {
    if (!hasReason(error, "AlreadyExists", "Conflict", "NotFound")) throw error;
  }
}
