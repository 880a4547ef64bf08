import { groupsIn, servedApi, type AggregatedDiscovery, type Discovery, type ServedApi } from "#client";
import type { Registry } from "#registry";
import { aggregatedDiscovery } from "./aggregated.ts";
import { groupsOf } from "./groups.ts";

/** Discovery for clients in this process: what is served to others, never old, and which kinds have no objects. */
export function createLocalDiscovery(registry: Registry): Discovery {
  let generation = -1;
  let served: ServedApi = servedApi([]);
  const current = (): ServedApi => {
    if (generation !== registry.generation) {
      generation = registry.generation;
      served = servedApi(groupsIn(aggregatedDiscovery(groupsOf(registry)) as AggregatedDiscovery));
    }
    return served;
  };
  return {
    groups: async () => current().groups,
    async resources() {
      const empty = await registry.emptyResources();
      return current().resources.map((type) => {
        const target = registry.resolve(type.group, type.version, type.resource);
        return target && empty.has(target.resource) ? { ...type, empty: true as const } : type;
      });
    },
    find: async (wanted) => current().find(wanted),
    invalidate() {},
    onChange: (listener) => registry.onChange(listener),
  };
}
