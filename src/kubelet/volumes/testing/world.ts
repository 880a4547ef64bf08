import { createRandom, createVirtualClock, silentLog, type VirtualClock } from "#base";
import type { IssuedToken, Mount, PodSources, Quantities, Sources } from "#kubelet";
import type {
  ConfigMap,
  Container,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
  Pod,
  PodSpec,
  Secret,
  V1beta1ClusterTrustBundle as ClusterTrustBundle,
  Volume,
} from "#objects";
import { runCommand } from "#programs";
import { createVolumes, type NodeVolumes, type VolumesOptions } from "../volumes.ts";

/** The API as volumes see it, in memory. */
export class TestSources implements Sources {
  readonly configMaps = new Map<string, ConfigMap>();
  readonly secrets = new Map<string, Secret>();
  readonly claims = new Map<string, PersistentVolumeClaim>();
  readonly persistentVolumes = new Map<string, PersistentVolume>();
  /** How many pods have something of it open. */
  open = 0;
  /** What asking for a token comes to. */
  issue: (audiences: readonly string[]) => Promise<IssuedToken> = () => Promise.reject(new Error("no tokens here"));
  readonly trustBundles: ClusterTrustBundle[] = [];
  readonly #listeners = new Set<() => void>();

  of(): PodSources {
    const own = new Set<() => void>();
    this.open++;
    return {
      configMap: (name) => Promise.resolve(this.configMaps.get(name)),
      secret: (name) => Promise.resolve(this.secrets.get(name)),
      claim: (name) => this.#object("persistentvolumeclaims", this.claims, name),
      persistentVolume: (name) => this.#object("persistentvolumes", this.persistentVolumes, name),
      runtimeHandler: () => Promise.reject(new Error("not here")),
      trustBundles: () => Promise.resolve([...this.trustBundles]),
      token: ({ audiences = [] }) => this.issue(audiences),
      onChange: (listener) => {
        own.add(listener);
        this.#listeners.add(listener);
      },
      close: () => {
        this.open--;
        for (const listener of own) this.#listeners.delete(listener);
      },
    };
  }

  services(): undefined {
    return undefined;
  }

  putConfigMap(name: string, data: Readonly<Record<string, string>> | undefined): void {
    if (data) this.configMaps.set(name, { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
    else this.configMaps.delete(name);
    this.#changed();
  }

  putSecret(name: string, data: Readonly<Record<string, string>> | undefined): void {
    const encoded = Object.entries(data ?? {}).map(([key, text]) => [key, btoa(text)]);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, data: Object.fromEntries(encoded) };
    if (data) this.secrets.set(name, secret as Secret);
    else this.secrets.delete(name);
    this.#changed();
  }

  /** A claim of this name in the namespace default, bound to a volume of that. */
  putClaim(name: string, volume: string, spec: PersistentVolumeSpec, claim: Partial<PersistentVolumeClaim> = {}): void {
    const uid = `uid-of-${name}`;
    this.claims.set(name, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace: "default", uid },
      spec: { volumeName: volume },
      status: { phase: "Bound" },
      ...claim,
    });
    this.persistentVolumes.set(volume, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volume },
      spec: { claimRef: { namespace: "default", name, uid }, ...spec },
    });
    this.#changed();
  }

  #object<T>(resource: string, objects: ReadonlyMap<string, T>, name: string): Promise<T> {
    const object = objects.get(name);
    return object ? Promise.resolve(object) : Promise.reject(new Error(`${resource} "${name}" not found`));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

export interface VolumesWorld {
  readonly clock: VirtualClock;
  readonly sources: TestSources;
  /** As a process that starts anew on the same node would have it. */
  start(): NodeVolumes;
}

export function createVolumesWorld(rootDir: string, more: Partial<VolumesOptions> = {}): VolumesWorld {
  const clock = createVirtualClock();
  const sources = new TestSources();
  const allocatable: Quantities = { cpu: "4", memory: "64Mi" };
  return {
    clock,
    sources,
    start: () =>
      createVolumes({
        rootDir,
        sources,
        run: runCommand,
        allocatable: () => allocatable,
        clock,
        random: createRandom(1),
        log: silentLog,
        ...more,
      }),
  };
}

/** A pod whose one container mounts each volume at `/<name>`. */
export function podWith(
  volumes: readonly Volume[],
  spec: Partial<PodSpec> = {},
  container: Partial<Container> = {},
): Pod {
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "u1", labels: { app: "web" } },
    spec: { containers: [{ name: "main", volumeMounts, ...container }], volumes, ...spec },
  };
}

/** What the pod's one container mounts, with these variables for its sub paths. */
export const mountsOf = (
  volumes: NodeVolumes,
  pod: Pod,
  env: ReadonlyMap<string, string> = new Map(),
): Promise<readonly Mount[]> => volumes.mountsOf(pod, pod.spec!.containers[0]!, env);

/** The error of a volume that cannot be mounted. */
export const setUpFailed = (volume: string, why: string) => ({
  name: "MountError",
  message: `MountVolume.SetUp failed for volume "${volume}" : ${why}`,
});
