import { keyOf, type EndpointSlice, type Pod, type Service } from "#objects";
import { baseTable } from "./base-table.ts";
import type { ProxyContext } from "./context.ts";
import { hostPortFragment } from "./host-port-fragment.ts";
import type { Fragment, Ruleset } from "./model.ts";
import { serviceFragment } from "./service-fragment.ts";

/** Whose a fragment is. */
export const ownerOfService = (key: string): string => `service ${key}`;
export const ownerOfPod = (key: string): string => `pod ${key}`;

/** The inverse of {@link ownerOfService} and {@link ownerOfPod}. */
export function parseOwner(owner: string): { readonly kind: "service" | "pod"; readonly key: string } {
  const [kind = "", key = ""] = owner.split(" ");
  return { kind: kind === "pod" ? kind : "service", key };
}

const SERVICE_NAME = "kubernetes.io/service-name";

/** The Service (`namespace/name`) that a slice is of. */
export function serviceOfSlice({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME];
  return name ? `${metadata.namespace ?? ""}/${name}` : undefined;
}

/** The whole table of one family for these objects. Nothing of it depends on the order of what is handed in. */
export function ruleset(
  objects: {
    readonly services: Iterable<Service>;
    readonly endpointSlices: Iterable<EndpointSlice>;
    readonly pods?: Iterable<Pod>;
  },
  context: ProxyContext,
): Ruleset {
  const slices = Map.groupBy(objects.endpointSlices, serviceOfSlice);
  const fragments = new Map<string, Fragment>();
  for (const service of objects.services) {
    const key = keyOf(service);
    fragments.set(ownerOfService(key), serviceFragment(service, slices.get(key) ?? [], context));
  }
  for (const pod of objects.pods ?? []) {
    const key = keyOf(pod);
    fragments.set(ownerOfPod(key), hostPortFragment(pod, context));
  }
  return { family: context.family, table: context.table, base: baseTable(context), fragments };
}
