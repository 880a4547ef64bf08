import { groupVersion, type ResourceType } from "#objects";

/** What an API server serves. Answers are kept until {@link invalidate} or until the server is seen to have changed. */
export interface Discovery {
  /** In the server's order, the core group (`""`) first. */
  groups(): Promise<readonly ApiGroup[]>;
  /** Every resource once, in the version that its group prefers among those that serve it. */
  resources(): Promise<readonly ApiResource[]>;
  /** The first resource that all of this is true of, preferred versions first; undefined when there is none. */
  find(wanted: WantedResource): Promise<ApiResource | undefined>;
  /** The next question goes to the server. */
  invalidate(): void;
  /**
   * Calls back after {@link resources} has changed. In process at once; over HTTP the server is asked every 30 s for as
   * long as there is a listener. Returns how to stop.
   */
  onChange(listener: () => void): () => void;
}

export interface ApiGroup {
  /** Empty for the core group. */
  readonly name: string;
  /** In order of preference. */
  readonly versions: readonly ApiVersion[];
}

export interface ApiVersion {
  readonly version: string;
  readonly resources: readonly ApiResource[];
  /** The server that serves it did not answer: what is said here may be old or missing. */
  readonly stale: boolean;
}

/** A resource as discovery tells of it; good as a type for every call of the client. */
export interface ApiResource extends ResourceType {
  readonly singular: string;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly ApiSubresource[];
  /** True when the server knows that there is no object of it. Only a server in this process says so. */
  readonly empty?: true;
}

export interface ApiSubresource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export interface WantedResource {
  readonly group: string;
  readonly version?: string;
  readonly kind?: string;
  /** Its plural. */
  readonly resource?: string;
}

/** What is served, at one time. */
export interface ServedApi {
  readonly groups: readonly ApiGroup[];
  readonly resources: readonly ApiResource[];
  find(wanted: WantedResource): ApiResource | undefined;
}

/** Makes a {@link ServedApi} of groups. */
export function servedApi(groups: readonly ApiGroup[]): ServedApi {
  const all: ApiResource[] = [];
  const preferred = new Map<string, ApiResource>();
  for (const group of groups) {
    for (const { resources } of group.versions) {
      for (const resource of resources) {
        all.push(resource);
        const id = `${group.name}/${resource.resource}`;
        if (!preferred.has(id)) preferred.set(id, resource);
      }
    }
  }
  const byKind = new Map<string, ApiResource>();
  for (const resource of all) {
    const id = `${groupVersion(resource)}/${resource.kind}`;
    if (!byKind.has(id)) byKind.set(id, resource);
  }
  return {
    groups,
    resources: [...preferred.values()],
    find({ group, version, kind, resource }) {
      // How references name their kind: asked for each of thousands of objects.
      if (version !== undefined && kind !== undefined && resource === undefined) {
        return byKind.get(`${groupVersion({ group, version })}/${kind}`);
      }
      return all.find(
        (candidate) =>
          candidate.group === group &&
          (version === undefined || candidate.version === version) &&
          (kind === undefined || candidate.kind === kind) &&
          (resource === undefined || candidate.resource === resource),
      );
    },
  };
}

/** An APIGroupDiscoveryList (apidiscovery.k8s.io/v2), as far as it is read. */
export interface AggregatedDiscovery {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly freshness?: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly group?: string; readonly version?: string; readonly kind?: string };
        readonly scope?: string;
        readonly singularResource?: string;
        readonly verbs?: readonly string[];
        readonly shortNames?: readonly string[];
        readonly categories?: readonly string[];
        readonly subresources?: readonly {
          readonly subresource: string;
          readonly responseKind?: { readonly kind?: string };
          readonly verbs?: readonly string[];
        }[];
      }[];
    }[];
  }[];
}

/** The groups in an aggregated document. */
export function groupsIn({ items = [] }: AggregatedDiscovery): ApiGroup[] {
  return items.map(({ metadata, versions = [] }) => {
    const name = metadata?.name ?? "";
    return {
      name,
      versions: versions.map(({ version, freshness, resources = [] }) => ({
        version,
        stale: freshness === "Stale",
        resources: resources.map((found) => ({
          group: name,
          version,
          resource: found.resource,
          kind: found.responseKind?.kind ?? "",
          namespaced: found.scope === "Namespaced",
          singular: found.singularResource ?? "",
          verbs: found.verbs ?? [],
          shortNames: found.shortNames ?? [],
          categories: found.categories ?? [],
          subresources: (found.subresources ?? []).map((subresource) => ({
            name: subresource.subresource,
            kind: subresource.responseKind?.kind ?? "",
            verbs: subresource.verbs ?? [],
          })),
        })),
      })),
    };
  });
}
