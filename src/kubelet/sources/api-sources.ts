import { messageOf } from "#base";
import type { Cache, Client, SharedCaches } from "#client";
import {
  CLUSTER_TRUST_BUNDLES,
  CONFIG_MAPS,
  hasReason,
  RUNTIME_CLASSES,
  SECRETS,
  SERVICE_ACCOUNTS,
  type AuthenticationV1TokenRequest as TokenRequest,
  type KubeObject,
  type Pod,
  type ResourceType,
  type Service,
  type V1beta1ClusterTrustBundle as ClusterTrustBundle,
} from "#objects";
import type { IssuedToken, PodSources, Sources } from "../sources.ts";
import { ClaimObjects, type BoundObjects } from "./claim-objects.ts";
import { WatchedObjects, type Watched, type WatchedAll, type WatchedOptions } from "./watched.ts";

export interface ApiSourcesOptions extends WatchedOptions {
  /** Without it, pods are not told of Services. */
  readonly services?: Cache<Service>;
  /** Of the process: claims and volumes are in them; without it, each is asked for when it is needed. */
  readonly caches?: SharedCaches;
}

/** {@link Sources} over the API. */
export function createSources(options: ApiSourcesOptions): Sources {
  const { services } = options;
  const shared = { watched: new WatchedObjects(options), claims: new ClaimObjects(options.client, options.caches) };
  return {
    of: (pod) => new ApiPodSources(pod, shared, options),
    services(namespace) {
      if (!services) return undefined;
      if (!services.synced) {
        throw new Error("services have not yet been read at least once, cannot construct envvars");
      }
      const own = services.index("namespace", namespace);
      const api = services.get("default/kubernetes");
      return api && !own.includes(api) ? [...own, api] : own;
    },
  };
}

/** What the pods of the node share. */
interface Shared {
  readonly watched: WatchedObjects;
  readonly claims: ClaimObjects;
}

class ApiPodSources implements PodSources {
  readonly #pod: Pod;
  readonly #shared: Shared;
  readonly #options: ApiSourcesOptions;
  readonly #held = new Map<string, Watched<KubeObject>>();
  readonly #listeners = new Set<() => void>();
  /** By kind and name: how to stop following a claim or a volume. */
  readonly #followed = new Map<string, () => void>();
  #trust: WatchedAll<ClusterTrustBundle> | undefined;
  #closed = false;

  constructor(pod: Pod, shared: Shared, options: ApiSourcesOptions) {
    this.#pod = pod;
    this.#shared = shared;
    this.#options = options;
  }

  configMap(name: string) {
    return this.#read(CONFIG_MAPS, name);
  }

  secret(name: string) {
    return this.#read(SECRETS, name);
  }

  async claim(name: string) {
    const { namespace = "" } = this.#pod.metadata;
    return this.#bound(this.#shared.claims.claims, namespace, name);
  }

  async persistentVolume(name: string) {
    return this.#bound(this.#shared.claims.volumes, "", name);
  }

  async runtimeHandler(name: string) {
    const found = await this.#options.client.get(RUNTIME_CLASSES, { namespace: "", name }).catch((error: unknown) => {
      if (!hasReason(error, "NotFound")) {
        const why = `failed to lookup RuntimeClass ${name}: ${messageOf(error)}`;
        throw new Error(why, { cause: error });
      }
      throw new Error(`runtimeclass.node.k8s.io ${JSON.stringify(name)} not found`, { cause: error });
    });
    return found.handler;
  }

  async trustBundles() {
    const type = this.#trust ? undefined : await servedTrustBundles(this.#options.client);
    if (this.#closed) throw new Error("the pod is gone");
    if (type) this.#trust ??= this.#shared.watched.acquireAll(type, () => this.#changed());
    return this.#trust?.list() ?? [];
  }

  async token(spec: Parameters<PodSources["token"]>[0]): Promise<IssuedToken> {
    const { metadata, spec: podSpec } = this.#pod;
    const { name = "", namespace = "", uid = "" } = metadata;
    const account = { namespace, name: podSpec?.serviceAccountName || "default" };
    const request: Omit<TokenRequest, "metadata"> = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: spec.audiences ?? [],
        ...(spec.expirationSeconds === undefined ? {} : { expirationSeconds: spec.expirationSeconds }),
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    };
    const answer = await this.#options.client.createSubresource(SERVICE_ACCOUNTS, account, "token", request);
    const { spec: granted, status } = answer as TokenRequest;
    if (!status?.token || !status.expirationTimestamp) throw new Error("the API server issued no token");
    const expiresAt = Date.parse(status.expirationTimestamp);
    const issuedAt = expiresAt - Number(granted?.expirationSeconds ?? 3600) * 1000;
    return { token: status.token, issuedAt, expiresAt };
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#closed = true;
    for (const watched of this.#held.values()) watched.release();
    for (const stop of this.#followed.values()) stop();
    this.#followed.clear();
    this.#trust?.release();
    this.#trust = undefined;
    this.#held.clear();
    this.#listeners.clear();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #bound<T extends KubeObject>(objects: BoundObjects<T>, namespace: string, name: string): Promise<T> {
    if (this.#closed) throw new Error("the pod is gone");
    const id = `${namespace}/${name}`;
    if (!this.#followed.has(id))
      this.#followed.set(
        id,
        objects.follow(namespace, name, () => this.#changed()),
      );
    return objects.read(namespace, name);
  }

  async #read<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T | undefined> {
    // No caller would release it any more.
    if (this.#closed) throw new Error("the pod is gone");
    const id = `${type.resource}/${name}`;
    let watched = this.#held.get(id) as Watched<T> | undefined;
    if (!watched) {
      const { namespace = "" } = this.#pod.metadata;
      watched = this.#shared.watched.acquire(type, namespace, name, () => this.#changed());
      this.#held.set(id, watched);
    }
    return watched.read();
  }
}

/**
 * ClusterTrustBundles in a version that the API server serves: all of them have the same fields. Rejects with an Error
 * of upstream's text (pkg/kubelet/clustertrustbundle) when there is none.
 */
async function servedTrustBundles({ discovery }: Client): Promise<ResourceType<ClusterTrustBundle>> {
  const { group, resource } = CLUSTER_TRUST_BUNDLES;
  const served = await discovery.find({ group, resource }).catch((error: unknown) => {
    throw new Error(
      `failed to ensure informer manager for ClusterTrustBundles: failed to determine which informer manager to choose: ${messageOf(error)}`,
      { cause: error },
    );
  });
  if (!served) throw new Error("ClusterTrustBundle projection is not supported in static kubelet mode");
  return { ...CLUSTER_TRUST_BUNDLES, version: served.version };
}
