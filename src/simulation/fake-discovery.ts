import { servedApi, type ApiGroup, type ApiResource, type Discovery } from "#client";
import type { ResourceType } from "#objects";
import { NotInTestDouble } from "./not-in-test-double.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Discovery that shows what a test says is served. */
export interface FakeDiscovery extends Discovery {
  /** Changes it, and calls the listeners back. */
  serve(types: readonly ResourceType[]): void;
}

/** Makes one. `initial`: absent, every question is refused until {@link FakeDiscovery.serve}. */
export function createFakeDiscovery(initial: readonly ResourceType[] | undefined): FakeDiscovery {
  let types = initial;
  const listeners = new Set<() => void>();
  const served = async () => {
    if (!types) throw new NotInTestDouble("discovery: the test did not say what is served");
    return servedApi(groupsOf(types));
  };
  return {
    groups: async () => (await served()).groups,
    resources: async () => (await served()).resources,
    find: async (wanted) => (await served()).find(wanted),
    invalidate() {},
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    serve(changed) {
      types = changed;
      for (const listener of listeners) listener();
    },
  };
}

function groupsOf(types: readonly ResourceType[]): ApiGroup[] {
  return [...Map.groupBy(types, ({ group }) => group)].map(([name, inGroup]) => ({
    name,
    versions: [...Map.groupBy(inGroup, ({ version }) => version)].map(([version, found]) => ({
      version,
      stale: false,
      resources: found.map((type): ApiResource => ({
        singular: type.kind.toLowerCase(),
        verbs: VERBS,
        shortNames: [],
        categories: [],
        subresources: [],
        // A test may say more of a kind, such as its verbs.
        ...type,
      })),
    })),
  }));
}
