import type { Clock, Log, Timer } from "#base";
import {
  ClaimError,
  MountError,
  volumeSpecOf,
  type PodSources,
  type VolumeFailure,
  type VolumeSpec,
  type VolumesListener,
} from "#kubelet";
import type { Pod, Volume } from "#objects";
import { textOf } from "./linux/errors.ts";
import { checkPersistentVolume, isForOnePod } from "./persistent.ts";
import { VolumeError, type ReadyVolume, type VolumeHost, type VolumePlugin, type VolumeRequest } from "./plugin.ts";
import { kindOf, sourceKind, usedVolumes } from "./pod-facts.ts";

export interface PodVolumesContext {
  readonly plugins: readonly VolumePlugin[];
  readonly host: VolumeHost;
  readonly sources: PodSources;
  readonly listener: VolumesListener;
  /** Whether another pod of the node has this PersistentVolume. */
  readonly isMountedElsewhere: (persistentVolume: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const IN_USE = "volume uses the ReadWriteOncePod access mode and is already in use by another pod";

/** So long after a failure content is brought up to date again. */
const RETRY_MS = 60_000;
/** The time is looked at this often at least. */
const LOOK_MS = 300_000;

/** The volumes of one pod: set up once each, and then kept up to date until they are let go. */
export class PodVolumes {
  readonly #context: PodVolumesContext;
  readonly #ready = new Map<string, ReadyVolume>();
  /** What volumes go by on the node. */
  readonly #names = new Map<string, string>();
  /** By volume: when its content is to be looked at even if nothing changes. */
  readonly #due = new Map<string, number>();
  #pod: Pod;
  /** One thing at a time: mounting, refreshing. */
  #busy: Promise<unknown> = Promise.resolve();
  #dirty = false;
  #timer: Timer | undefined;
  #closed = false;
  readonly #closing = new AbortController();

  constructor(pod: Pod, context: PodVolumesContext) {
    this.#pod = pod;
    this.#context = context;
    context.sources.onChange(() => {
      context.listener.onChange?.();
      this.#look();
    });
  }

  /** Rejects with a MountError; what could be set up is. */
  mount(pod: Pod): Promise<void> {
    return this.#inTurn(async () => {
      this.#pod = pod;
      const used = usedVolumes(pod);
      const missing = (pod.spec?.volumes ?? []).filter(({ name }) => used.has(name) && !this.#ready.has(name));
      const failures = await Promise.all(missing.map((volume) => this.#setUp(volume)));
      this.#schedule();
      const failed = failures.filter((failure) => failure !== undefined);
      if (failed.length > 0) throw new MountError(failed);
    });
  }

  /** Whether the pod has a volume that goes by this name on the node: a PersistentVolume's. */
  has(name: string): boolean {
    for (const known of this.#names.values()) if (known === name) return true;
    return false;
  }

  get(volume: string): ReadyVolume | undefined {
    return this.#ready.get(volume);
  }

  update(pod: Pod): void {
    const { labels, annotations } = this.#pod.metadata;
    const changed = !sameMap(pod.metadata.labels, labels) || !sameMap(pod.metadata.annotations, annotations);
    this.#pod = pod;
    if (changed) this.#look();
  }

  /** Keeps nothing up to date any more. Resolves once nothing is being done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort(new Error("the pod's volumes are closed"));
    this.#timer?.cancel();
    this.#context.sources.close();
    await this.#busy;
  }

  readonly #tell: VolumeRequest["event"] = (level, reason, message) =>
    this.#context.listener.onEvent?.(level, reason, message);

  async #setUp(volume: Volume): Promise<VolumeFailure | undefined> {
    const { plugins, host, sources } = this.#context;
    let name = volume.name;
    try {
      const spec = await volumeSpecOf(this.#pod, volume, sources);
      name = spec.name;
      const plugin = plugins.find((candidate) => candidate.supports(spec));
      if (!plugin)
        throw new Error(`no volume plugin matched: ${kindOfSpec(spec)} volumes are not supported by this node`);
      checkPersistentVolume(spec, plugin, host.nodeLabels());
      if (isForOnePod(spec) && this.#context.isMountedElsewhere(name)) throw new Error(IN_USE);
      const path = host.layout.volumeDir(this.#pod.metadata.uid ?? "", plugin.directory, name);
      const ready = await plugin.setUp({
        ...spec,
        pod: this.#pod,
        path,
        sources,
        event: this.#tell,
        changed: () => this.#context.listener.onChange?.(),
        signal: this.#closing.signal,
      });
      this.#names.set(volume.name, name);
      this.#ready.set(volume.name, ready);
      if (ready.live?.refreshAt !== undefined) this.#due.set(volume.name, ready.live.refreshAt);
      return undefined;
    } catch (error) {
      return failureOf(volume.name, name, error);
    }
  }

  /** Something has changed: all content is compared with what it should be. However often, once more is enough. */
  #look(): void {
    if (this.#dirty || this.#closed) return;
    this.#dirty = true;
    void this.#inTurn(async () => {
      this.#dirty = false;
      await this.#refresh([...this.#ready.keys()]);
    });
  }

  async #refresh(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const live = this.#ready.get(name)?.live;
      if (!live || this.#closed) continue;
      try {
        const due = await live.refresh(this.#pod);
        if (due === undefined) this.#due.delete(name);
        else this.#due.set(name, due);
      } catch (error) {
        if (this.#closed) return;
        const { name: pod, namespace } = this.#pod.metadata;
        this.#context.log.warn("a volume cannot be brought up to date", {
          pod: `${namespace}/${pod}`,
          volume: name,
          error,
        });
        this.#due.set(name, this.#context.clock.now() + RETRY_MS);
        this.#context.listener.onStale?.(failureOf(name, name, error));
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#context;
    const next = Math.min(...this.#due.values());
    if (next === Infinity || this.#closed) return;
    this.#timer = clock.setTimeout(
      () => {
        const now = clock.now();
        const due = [...this.#due].flatMap(([name, at]) => (at <= now ? [name] : []));
        void this.#inTurn(() => this.#refresh(due));
      },
      // When a token expires is a matter of the wall clock, which may be set meanwhile.
      Math.min(Math.max(0, next - clock.now()), LOOK_MS),
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => {});
    return done;
  }
}

function failureOf(volume: string, name: string, error: unknown): VolumeFailure {
  if (error instanceof ClaimError) return { volume, message: error.message, unprocessed: true };
  const { operation = "MountVolume.SetUp failed", reason } = error instanceof VolumeError ? error : {};
  const message = `${operation} for volume "${name}" : ${textOf(error)}`;
  return { volume, message, ...(reason === undefined ? {} : { reason }) };
}

/** `nfs`, whether the pod or a PersistentVolume says so. */
const kindOfSpec = ({ volume, bound }: VolumeSpec): string => (bound ? sourceKind(bound.volume) : kindOf(volume));

type StringMap = Readonly<Record<string, string>>;

function sameMap(a: StringMap = {}, b: StringMap = {}): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
