import { watch } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { every, type Clock, type Log, type Scope, type Timer } from "#base";
import { staticPod, type Manifest, type StaticPodSource } from "#kubelet";
import { formatTime, type Pod } from "#objects";

/** Upstream's fileCheckFrequency: changes that the system does not tell of are seen by then. */
const RESCAN_MS = 20_000;
/** A file that is being written is let be for so long. */
const SETTLE_MS = 100;
/** The largest manifest (upstream maxConfigLength). */
const MAX_BYTES = 10 * 1024 * 1024;

export interface ManifestDirectoryOptions {
  /** Need not be there yet. */
  readonly directory: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Closing it ends the watching. */
  readonly scope: Scope;
}

/** What is known of one file. */
interface Seen {
  readonly text: string;
  /** Undefined when it holds no pod: that was said once. */
  readonly pod: Pod | undefined;
}

/**
 * The pods in a directory's files, one each; files whose names begin with a dot, and folders, are passed over. A file
 * that cannot be read as a pod is none, which is logged once for each of its contents.
 */
export function watchManifests(options: ManifestDirectoryOptions): StaticPodSource {
  const { directory, nodeName, clock, log, scope } = options;
  const listeners = new Set<(pods: readonly Pod[]) => void>();
  let seen: ReadonlyMap<string, Seen> = new Map();
  let told: readonly Pod[] | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let settling: Timer | undefined;

  const podOf = async (manifest: Manifest): Promise<Pod | undefined> => {
    try {
      return await staticPod(manifest, { nodeName, seen: formatTime(clock.now()) });
    } catch (error) {
      log.error("a manifest is no pod", { file: manifest.file, error });
      return undefined;
    }
  };
  const scan = async () => {
    const files = await readManifests(directory, log);
    if (!files) return;
    const next = new Map<string, Seen>();
    for (const { file, bytes } of files) {
      const text = Buffer.from(bytes).toString("latin1");
      const before = seen.get(file);
      next.set(file, before?.text === text ? before : { text, pod: await podOf({ file, bytes }) });
    }
    seen = next;
    const pods = [...next.values()].flatMap(({ pod }) => pod ?? []);
    const isNews = told === undefined || pods.length !== told.length || pods.some((pod, i) => pod !== told?.[i]);
    if (!isNews || scope.signal.aborted) return;
    told = pods;
    for (const listener of listeners) listener(pods);
  };
  const look = () => {
    if (scope.signal.aborted) return;
    if (running) {
      again = true;
      return;
    }
    running = scan()
      .catch((error: unknown) => log.warn("the directory of manifests could not be read", { directory, error }))
      .finally(() => {
        running = undefined;
        if (again) {
          again = false;
          look();
        }
      });
  };
  const lookSoon = () => {
    settling ??= clock.setTimeout(() => {
      settling = undefined;
      look();
    }, SETTLE_MS);
  };

  const follow = followDirectory(directory, lookSoon);
  const timer = every(clock, RESCAN_MS, () => {
    follow.renew();
    look();
  });
  scope.defer(async () => {
    timer.cancel();
    settling?.cancel();
    follow.close();
    await running;
  });
  look();
  return {
    subscribe(listener) {
      listeners.add(listener);
      if (told) listener(told);
      return () => listeners.delete(listener);
    },
  };
}

/** Calls back on changes, as far as the system tells of them; `renew` begins anew where it does not yet. */
function followDirectory(directory: string, onChange: () => void) {
  let watcher: ReturnType<typeof watch> | undefined;
  const close = () => {
    watcher?.close();
    watcher = undefined;
  };
  const renew = () => {
    if (watcher) return;
    try {
      watcher = watch(directory, { persistent: false }, onChange);
      watcher.on("error", close);
    } catch {
      // It is not there yet, or there are too many watches: looking by time does.
    }
  };
  renew();
  return { renew, close };
}

/** The files in name order; undefined when it cannot be said what there is. A directory that is not there is empty. */
async function readManifests(directory: string, log: Log): Promise<readonly Manifest[] | undefined> {
  let names: readonly string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const manifests: Manifest[] = [];
  for (const name of names.filter((name) => !name.startsWith(".")).sort()) {
    const file = join(directory, name);
    try {
      const bytes = await readBounded(file);
      if (bytes) manifests.push({ file, bytes });
    } catch (error) {
      // It went meanwhile: then it is no manifest any more.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      log.warn("a manifest could not be read; all stay as they are", { file, error });
      return undefined;
    }
  }
  return manifests;
}

/** Undefined for what is no file. */
async function readBounded(file: string): Promise<Uint8Array | undefined> {
  await using handle = await open(file, "r");
  const stat = await handle.stat();
  if (!stat.isFile()) return undefined;
  if (stat.size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  return await handle.readFile();
}
