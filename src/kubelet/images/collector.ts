import { every, messageOf, type Clock, type Log, type Scope } from "#base";
import type { EventRecorder } from "#client";
import type { Node } from "#objects";
import { nodeReference } from "../node/agent.ts";
import type { ImageStore, StoredImage } from "../runtime.ts";
import {
  bytesToFree,
  evictionOrder,
  lookAgain,
  UPSTREAM_POLICY,
  type CollectionPolicy,
  type ImageRecords,
} from "./collection.ts";

/** Upstream ImageGCPeriod. */
const PERIOD_MS = 300_000;

export interface ImageCollectorOptions {
  readonly store: ImageStore;
  /** Ids and names of the images of containers that are there, ended ones included. */
  readonly inUse: () => ReadonlySet<string>;
  readonly recorder: EventRecorder;
  /** What the Events are about. */
  readonly node: () => Node;
  readonly clock: Clock;
  readonly log: Log;
  /** Closing it ends the collecting. */
  readonly scope: Scope;
  /** Default: {@link UPSTREAM_POLICY}. */
  readonly policy?: CollectionPolicy;
  /** Called after images went, so that the node's status can leave them out. */
  readonly onImages: () => void;
}

export interface ImageCollector {
  /** Removes every unused image, however young: for disk pressure. */
  removeUnused(): Promise<void>;
}

/** Keeps the disk from filling up with unused images: looks at once, and every five minutes. */
export function startImageCollector(options: ImageCollectorOptions): ImageCollector {
  const { recorder, node, clock, log, scope } = options;
  let records: ImageRecords | undefined;
  let failedBefore = false;
  let underWay = false;

  const round = async () => {
    if (underWay) return;
    underWay = true;
    try {
      records = await collect(options, records);
      failedBefore = false;
    } catch (error) {
      if (scope.signal.aborted) return;
      const message = messageOf(error);
      log.warn("collecting images failed", { error: message });
      // One failure may be chance; an Event follows when it goes on.
      if (failedBefore) recorder.event(nodeReference(node().metadata.name ?? ""), "Warning", "ImageGCFailed", message);
      failedBefore = true;
      if (error instanceof CollectionError) records = error.records;
    } finally {
      underWay = false;
    }
  };
  const timer = every(clock, PERIOD_MS, () => void round());
  scope.defer(() => timer.cancel());
  void round();
  return {
    async removeUnused() {
      const now = clock.now();
      const { policy = UPSTREAM_POLICY } = options;
      records = await recordsOf(options, records, now);
      await remove(options, evictionOrder(records, now, { ...policy, minAgeMs: 0 }), Infinity);
    },
  };
}

/** What is there now, and when it was last used. */
async function recordsOf(
  { store, inUse }: ImageCollectorOptions,
  before: ImageRecords | undefined,
  now: number,
): Promise<ImageRecords> {
  const used = inUse();
  const isUsed = ({ id, names }: StoredImage) => used.has(id) || names.some((name) => used.has(name));
  return lookAgain(before, await store.list(), isUsed, now);
}

/** Not enough could be freed; what was seen counts nevertheless. */
class CollectionError extends Error {
  readonly records: ImageRecords;

  constructor(message: string, records: ImageRecords) {
    super(message);
    this.records = records;
  }
}

async function collect(options: ImageCollectorOptions, before: ImageRecords | undefined): Promise<ImageRecords> {
  const { store, recorder, node, clock, policy = UPSTREAM_POLICY } = options;
  const now = clock.now();
  const records = await recordsOf(options, before, now);
  const fail = (reason: string, message: string) => {
    recorder.event(nodeReference(node().metadata.name ?? ""), "Warning", reason, message);
    return new CollectionError(message, records);
  };

  const usage = await store.usage();
  if (usage.capacityBytes === 0) throw fail("InvalidDiskCapacity", "invalid capacity 0 on image filesystem");
  const wanted = bytesToFree(usage, policy);
  if (wanted === 0) return records;

  const { freed, errors } = await remove(options, evictionOrder(records, now, policy), wanted);
  if (errors.length > 0) {
    throw new CollectionError(
      `wanted to free ${wanted} bytes, but freed ${freed} bytes space with errors in image deletion: ${errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`}`,
      records,
    );
  }
  if (freed < wanted) {
    throw fail(
      "FreeDiskSpaceFailed",
      `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`,
    );
  }
  return records;
}

/** One after the other until enough is free; one that cannot go does not keep the others. */
async function remove(
  { store, log, onImages }: ImageCollectorOptions,
  candidates: readonly StoredImage[],
  wanted: number,
): Promise<{ readonly freed: number; readonly errors: readonly string[] }> {
  const errors: string[] = [];
  let freed = 0;
  for (const image of candidates) {
    if (freed >= wanted) break;
    try {
      await store.remove(image.id);
      freed += image.bytes;
      log.info("an image was removed to free space", { image: image.names[0] ?? image.id, bytes: image.bytes });
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  if (freed > 0) onImages();
  return { freed, errors };
}
