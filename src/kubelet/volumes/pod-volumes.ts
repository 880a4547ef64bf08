import type { Clock, Log, Timer } from "#base";
import { MountError, type PodSources, type VolumeFailure } from "#kubelet";
import type { Pod, Volume } from "#objects";
import type { Layout } from "./layout.ts";
import { textOf } from "./linux/errors.ts";
import type { ReadyVolume, VolumePlugin } from "./plugin.ts";
import { kindOf, usedVolumes } from "./pod-facts.ts";

export interface PodVolumesContext {
  readonly plugins: readonly VolumePlugin[];
  readonly layout: Layout;
  readonly sources: PodSources;
  /** Called when a volume cannot be brought up to date. */
  readonly onStale: (failure: VolumeFailure) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** So long after a failure content is brought up to date again. */
const RETRY_MS = 60_000;
/** The time is looked at this often at least. */
const LOOK_MS = 300_000;

/** The volumes of one pod: set up once each, and then kept up to date until they are let go. */
export class PodVolumes {
  readonly #context: PodVolumesContext;
  readonly #ready = new Map<string, ReadyVolume>();
  /** By volume: when its content is to be looked at even if nothing changes. */
  readonly #due = new Map<string, number>();
  #pod: Pod;
  /** One thing at a time: mounting, refreshing. */
  #busy: Promise<unknown> = Promise.resolve();
  #dirty = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(pod: Pod, context: PodVolumesContext) {
    this.#pod = pod;
    this.#context = context;
    context.sources.onChange(() => this.#look());
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
    this.#timer?.cancel();
    this.#context.sources.close();
    await this.#busy;
  }

  async #setUp(volume: Volume): Promise<VolumeFailure | undefined> {
    const { plugins, layout, sources } = this.#context;
    try {
      const plugin = plugins.find((candidate) => candidate.supports(volume));
      if (!plugin)
        throw new Error(`no volume plugin matched: ${kindOf(volume)} volumes are not supported by this node`);
      const path = layout.volumeDir(this.#pod.metadata.uid ?? "", plugin.directory, volume.name);
      const ready = await plugin.setUp({ pod: this.#pod, volume, path, sources });
      this.#ready.set(volume.name, ready);
      if (ready.live?.refreshAt !== undefined) this.#due.set(volume.name, ready.live.refreshAt);
      return undefined;
    } catch (error) {
      return failureOf(volume.name, error);
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
        this.#context.onStale(failureOf(name, error));
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

const failureOf = (volume: string, error: unknown): VolumeFailure => ({
  volume,
  message: `MountVolume.SetUp failed for volume "${volume}" : ${textOf(error)}`,
});

type StringMap = Readonly<Record<string, string>>;

function sameMap(a: StringMap = {}, b: StringMap = {}): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
