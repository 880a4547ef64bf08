import type { Clock, Timer } from "#base";
import {
  groupsIn,
  servedApi,
  type AggregatedDiscovery,
  type ApiGroup,
  type ApiResource,
  type Discovery,
  type ServedApi,
} from "../discovery.ts";

/** Asks for a path; `accept` is what the answer may be. */
export type AskDiscovery = (path: string, accept: string) => Promise<unknown>;

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
const PLAIN = "application/json";
/** As often upstream's garbage collector and quota controller look whether kinds came or went. */
const POLL_MS = 30_000;
/** A kind that is not found may be new: the server is asked again, but not more often than this. */
const FRESH_MS = 10_000;

/** Discovery over HTTP: two requests where the server knows the aggregated form, one for each version where not. */
export function createHttpDiscovery(ask: AskDiscovery, clock: Clock): Discovery {
  const listeners = new Set<() => void>();
  let known: Promise<ServedApi> | undefined;
  let text: string | undefined;
  let askedAt = 0;
  let timer: Timer | undefined;

  const load = async (): Promise<ServedApi> => {
    askedAt = clock.monotonic();
    const groups = await readGroups(ask);
    const now = JSON.stringify(groups);
    const changed = text !== undefined && text !== now;
    text = now;
    // Only after the callers have their answer.
    if (changed) void Promise.resolve().then(() => listeners.forEach((listener) => listener()));
    return servedApi(groups);
  };
  const refresh = (): Promise<ServedApi> => {
    const loading = load();
    const before = known;
    known = loading;
    loading.catch(() => {
      // What was known stays known; what never was is asked for again by the next question.
      if (known === loading) known = before;
    });
    return loading;
  };
  const served = () => known ?? refresh();
  const poll = () => {
    timer = clock.setTimeout(() => {
      // A server that is away has not changed; it is asked again.
      refresh()
        .catch(() => {})
        .finally(() => {
          if (listeners.size > 0) poll();
        });
    }, POLL_MS);
  };

  return {
    groups: async () => (await served()).groups,
    resources: async () => (await served()).resources,
    async find(wanted) {
      const found = (await served()).find(wanted);
      return found ?? (clock.monotonic() - askedAt < FRESH_MS ? undefined : (await refresh()).find(wanted));
    },
    invalidate() {
      known = undefined;
    },
    onChange(listener) {
      listeners.add(listener);
      if (listeners.size === 1) poll();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) timer?.cancel();
      };
    },
  };
}

async function readGroups(ask: AskDiscovery): Promise<ApiGroup[]> {
  const [core, others] = (await Promise.all([ask("/api", AGGREGATED), ask("/apis", AGGREGATED)])) as [
    AggregatedDiscovery & PlainVersions,
    AggregatedDiscovery & PlainGroups,
  ];
  const isAggregated = ({ kind }: AggregatedDiscovery) => kind === "APIGroupDiscoveryList";
  return [
    ...(isAggregated(core) ? groupsIn(core) : [await readPlain(ask, "", core.versions ?? [])]),
    ...(isAggregated(others)
      ? groupsIn(others)
      : await Promise.all((others.groups ?? []).map((group) => readPlain(ask, group.name, preferredFirst(group))))),
  ];
}

interface PlainVersions {
  readonly versions?: readonly string[];
}
interface PlainGroup {
  readonly name: string;
  readonly versions?: readonly { readonly version: string }[];
  readonly preferredVersion?: { readonly version: string };
}
interface PlainGroups {
  readonly groups?: readonly PlainGroup[];
}
interface PlainResources {
  readonly resources?: readonly {
    readonly name: string;
    readonly singularName?: string;
    readonly namespaced?: boolean;
    readonly kind: string;
    readonly verbs?: readonly string[];
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  }[];
}

function preferredFirst({ versions = [], preferredVersion }: PlainGroup): string[] {
  const names = versions.map(({ version }) => version);
  const preferred = preferredVersion?.version;
  return preferred === undefined ? names : [preferred, ...names.filter((version) => version !== preferred)];
}

async function readPlain(ask: AskDiscovery, name: string, versions: readonly string[]): Promise<ApiGroup> {
  return {
    name,
    versions: await Promise.all(
      versions.map(async (version) => {
        const path = name ? `/apis/${name}/${version}` : `/api/${version}`;
        try {
          return {
            version,
            stale: false,
            resources: resourcesIn((await ask(path, PLAIN)) as PlainResources, name, version),
          };
        } catch {
          // One server of many, behind the aggregator, is away: the others are not.
          return { version, stale: true, resources: [] };
        }
      }),
    ),
  };
}

function resourcesIn({ resources = [] }: PlainResources, group: string, version: string): ApiResource[] {
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map((found) => ({
      group,
      version,
      resource: found.name,
      kind: found.kind,
      namespaced: found.namespaced === true,
      singular: found.singularName ?? "",
      verbs: found.verbs ?? [],
      shortNames: found.shortNames ?? [],
      categories: found.categories ?? [],
      subresources: resources
        .filter(({ name }) => name.startsWith(`${found.name}/`))
        .map(({ name, kind, verbs = [] }) => ({ name: name.slice(found.name.length + 1), kind, verbs })),
    }));
}
