import { mkdir, readdir, realpath, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sleep, type Clock, type Log } from "#base";
import { formatTime, type CSIDriver } from "#objects";
import { hasCode, ifThere, textOf } from "../linux/errors.ts";
import { mountAt } from "../linux/mount-info.ts";
import { giveToGroup } from "../linux/ownership.ts";
import {
  NotYetError,
  VolumeError,
  type LeftVolume,
  type ReadyVolume,
  type VolumeHost,
  type VolumePlugin,
  type VolumeRequest,
} from "../plugin.ts";
import { fsGroupChangePolicyOf, fsGroupOf } from "../pod-facts.ts";
import { CsiError, type CsiDriver } from "./driver.ts";
import type { CsiDrivers } from "./drivers.ts";
import type { CsiObjects } from "./objects.ts";
import { CSI_DIRECTORY, placesOf, type CsiPlaces } from "./places.ts";
import { nextMountStep, nextUnmountStep, type MountView, type UnmountView } from "./plan.ts";
import { readRecord, removeRecord, writeRecord, type VolumeRecord } from "./records.ts";
import {
  attachmentName,
  attachmentOf,
  csiVolumeOf,
  kubeletOwnsGroup,
  lifecycleProblem,
  podAttributes,
  publishRequest,
  stageRequest,
  type CallContext,
  type CsiVolume,
  type Texts,
} from "./volume.ts";

export interface CsiContext {
  readonly drivers: CsiDrivers;
  readonly objects: CsiObjects;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** So long a volume is waited for to be attached (upstream csiTimeout); looked for at these distances. */
const ATTACH_TIMEOUT_MS = 120_000;
const ATTACH_FIRST_MS = 50;
const ATTACH_MAX_MS = 1_000;
/** A driver that wants to be asked again is asked this often (upstream: with each sync of the pod). */
const REPUBLISH_MS = 60_000;
/** Ours, beside upstream's names: the driver has refused, so there is nothing to undo. */
const PUBLISHED = "knarr.dev/published";
const PREFIX = "kubernetes.io/csi: ";

/** Volumes of CSI drivers. */
export function csiPlugin(host: VolumeHost, context: CsiContext): VolumePlugin {
  const turn = <T>({ driver, handle }: Pick<CsiVolume, "driver" | "handle">, work: () => Promise<T>) =>
    host.turns.run(`csi/${driver}^${handle}`, work);
  return {
    directory: CSI_DIRECTORY,
    mountOptions: true,
    supports: ({ bound, volume }) => (bound ? bound.volume.spec?.csi !== undefined : volume.csi !== undefined),
    async setUp(request) {
      const volume = csiVolumeOf(request, request.pod)!;
      const object = await context.objects.driver(volume.driver);
      const needsAttachment = volume.lifecycle === "Persistent" && object?.spec.attachRequired !== false;
      const publishContext = needsAttachment ? await waitForAttachment(volume, request.signal, context) : {};
      const mount = new CsiMount({ host, context, request, volume, object, needsAttachment, publishContext });
      await turn(volume, () => mount.setUp());
      return mount.ready(() => turn(volume, () => mount.republish()));
    },
    async tearDown(left) {
      const record = await readRecord(left.path);
      if (!record) return;
      const { driverName: driver = "", volumeHandle: handle = "" } = record;
      await turn({ driver, handle }, () => tearDown(host, context, left, record));
    },
  };
}

/** Resolves to what the attachment gave the node. Rejects with a VolumeError. */
async function waitForAttachment(volume: CsiVolume, signal: AbortSignal, context: CsiContext): Promise<Texts> {
  const { objects, nodeName, clock } = context;
  const id = attachmentName(volume, nodeName);
  const deadline = clock.monotonic() + ATTACH_TIMEOUT_MS;
  for (let wait = ATTACH_FIRST_MS; ; wait = Math.min(wait * 2, ATTACH_MAX_MS)) {
    const found = await objects.attachment(id);
    const attachment = attachmentOf(volume, found);
    if (attachment.state === "attached") return found?.status?.attachmentMetadata ?? {};
    if (clock.monotonic() >= deadline) {
      const absent = `volume ${volume.handle} has GET error for volume attachment ${id}: volumeattachments.storage.k8s.io "${id}" not found`;
      const waiting = `volume ${volume.handle} is not attached for volume attachment ${id}`;
      const why = attachment.state === "failed" ? attachment.error : found ? waiting : absent;
      throw new VolumeError(`${volume.mode === "Block" ? "MapVolume" : "MountVolume"}.WaitForAttach failed`, why);
    }
    await sleep(clock, wait, signal);
  }
}

interface CsiMountOptions {
  readonly host: VolumeHost;
  readonly context: CsiContext;
  readonly request: VolumeRequest;
  readonly volume: CsiVolume;
  readonly object: CSIDriver | undefined;
  readonly needsAttachment: boolean;
  readonly publishContext: Texts;
}

/** One volume of one pod on its way. */
class CsiMount {
  readonly #options: CsiMountOptions;
  readonly #places: CsiPlaces;

  constructor(options: CsiMountOptions) {
    this.#options = options;
    const { host, volume, request } = options;
    this.#places = placesOf(host.layout, volume, request.pod.metadata.uid ?? "", request.path);
  }

  async setUp(): Promise<void> {
    const { needsAttachment, volume } = this.#options;
    const driver = this.#driver();
    const stages =
      volume.lifecycle === "Persistent" &&
      (await this.#tried("stage", driver.capabilities())).has("STAGE_UNSTAGE_VOLUME");
    // What an earlier process had done is asked for again: the driver finds that it is.
    let view: MountView = { needsAttachment, attached: true, stages, staged: false, published: false };
    for (;;) {
      switch (nextMountStep(view)) {
        case "wait-for-attachment":
          throw new Error("a volume that is not attached cannot be mounted");
        case "stage":
          await this.#stage(driver);
          view = { ...view, staged: true };
          break;
        case "publish":
          await this.#publish(driver, "first");
          view = { ...view, published: true };
          break;
        case "done":
          return;
      }
    }
  }

  async republish(): Promise<void> {
    await this.#publish(this.#driver(), "again");
  }

  async ready(republish: () => Promise<void>): Promise<ReadyVolume> {
    const { volume, object, context } = this.#options;
    const { target } = this.#places;
    const { readOnly } = volume;
    if (volume.mode === "Block") return { content: { type: "device", path: await realpath(target) }, readOnly };
    const next = () => context.clock.now() + REPUBLISH_MS;
    const refresh = async () => {
      if (context.clock.now() - published >= REPUBLISH_MS) {
        await republish();
        published = context.clock.now();
      }
      return published + REPUBLISH_MS;
    };
    let published = context.clock.now();
    const live = object?.spec.requiresRepublish ? { live: { refreshAt: next(), refresh } } : {};
    return { content: { type: "path", path: target }, readOnly, ...live };
  }

  #driver(): CsiDriver {
    const { context, volume, request } = this.#options;
    try {
      return context.drivers.get(volume.driver);
    } catch (error) {
      context.drivers.whenRegistered(volume.driver, request.changed);
      const [stage, text] =
        volume.mode === "Block"
          ? (["stage", "blockMapper.SetUpDevice failed to get CSI client"] as const)
          : volume.lifecycle === "Persistent"
            ? (["stage", "attacher.MountDevice failed to create newCsiDriverClient"] as const)
            : (["publish", "mounter.SetUpAt failed to get CSI client"] as const);
      throw this.#failure(stage, `${PREFIX}${text}: ${textOf(error)}`, error);
    }
  }

  async #stage(driver: CsiDriver): Promise<void> {
    const { volume } = this.#options;
    const { staging, stagingRecord } = this.#places;
    const context = await this.#tried("stage", this.#callContext(driver, "stage"));
    await this.#tried(
      "stage",
      mkdir(staging, { recursive: true, mode: 0o750 }).then(() => {}),
    );
    await this.#record(false);
    await writeRecord(stagingRecord, recordOf(volume));
    try {
      await driver.call("Node.NodeStageVolume", stageRequest(volume, context), this.#options.request.signal);
    } catch (error) {
      if (isFinal(error)) await forgetStaging(this.#options.host, this.#places);
      throw this.#failure("stage", textOf(error), error);
    }
  }

  async #publish(driver: CsiDriver, time: "first" | "again"): Promise<void> {
    const { volume, object, request, host } = this.#options;
    const { target } = this.#places;
    const refused = lifecycleProblem(volume, object);
    if (refused !== undefined) {
      throw this.#failure("publish", `${PREFIX}mounter.SetupAt failed to check volume lifecycle mode: ${refused}`);
    }
    const call = await this.#tried("publish", this.#callContext(driver, "publish"));
    const told = object?.spec.podInfoOnMount ? podAttributes(request.pod, volume) : {};
    const tokens = await this.#tried("publish", this.#tokens());
    const inSecrets = object?.spec.serviceAccountTokenInSecrets === true;
    const context = {
      ...call,
      targetPath: target,
      secrets: inSecrets ? { ...call.secrets, ...tokens } : call.secrets,
      attributes: inSecrets ? told : { ...told, ...tokens },
    };
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    if (time === "first") await this.#record(true);
    try {
      await driver.call("Node.NodePublishVolume", publishRequest(volume, context), request.signal);
    } catch (error) {
      if (time === "first" && isFinal(error)) {
        await this.#record(false);
        await removeUnmounted(host, target);
      }
      throw this.#failure("publish", textOf(error), error);
    }
    if (kubeletOwnsGroup(volume, call, object?.spec.fsGroupPolicy ?? "ReadWriteOnceWithFSType")) {
      await this.#giveToGroup(call.fsGroup!);
    }
  }

  async #giveToGroup(gid: number): Promise<void> {
    const { volume, request } = this.#options;
    const policy = fsGroupChangePolicyOf(request.pod);
    try {
      await giveToGroup(this.#places.target, { gid, readOnly: false, policy });
    } catch (error) {
      throw this.#failure("publish", `applyFSGroup failed for vol ${volume.handle}: ${textOf(error)}`, error);
    }
  }

  async #callContext(driver: CsiDriver, step: "stage" | "publish"): Promise<CallContext> {
    const { volume, request, context, publishContext } = this.#options;
    const capabilities = await driver.capabilities();
    const staged = volume.lifecycle === "Persistent" && capabilities.has("STAGE_UNSTAGE_VOLUME");
    const [what, secret] =
      step === "stage"
        ? (["NodeStageSecretRef", volume.stageSecret] as const)
        : (["NodePublishSecretRef", volume.publishSecret] as const);
    return {
      capabilities,
      stagingPath: staged ? this.#places.staging : "",
      publishContext,
      secrets: secret ? await context.objects.secret(what, secret) : {},
      fsGroup: fsGroupOf(request.pod),
    };
  }

  /** Tokens of the pod's service account for whom the driver's object names. */
  async #tokens(): Promise<Texts> {
    const { object, request } = this.#options;
    const requests = object?.spec.tokenRequests ?? [];
    if (requests.length === 0) return {};
    const tokens: Record<string, unknown> = {};
    for (const { audience, expirationSeconds } of requests.toSorted((a, b) => (a.audience < b.audience ? -1 : 1))) {
      const audiences = audience ? [audience] : [];
      const spec = expirationSeconds === undefined ? { audiences } : { audiences, expirationSeconds };
      const { token, expiresAt } = await request.sources.token(spec);
      tokens[audience] = { token, expirationTimestamp: formatTime(expiresAt) };
    }
    return { "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify(tokens) };
  }

  /** Before anything is asked of the driver: a process that dies meanwhile leaves what another can undo. */
  async #record(published: boolean): Promise<void> {
    const { volume, context, request } = this.#options;
    await writeRecord(request.path, {
      ...recordOf(volume),
      specVolID: volume.name,
      nodeName: context.nodeName,
      attachmentID: attachmentName(volume, context.nodeName),
      volumeLifecycleMode: volume.lifecycle,
      mode: volume.mode,
      [PUBLISHED]: String(published),
    });
  }

  async #tried<T>(step: "stage" | "publish", work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#failure(step, textOf(error), error);
    }
  }

  #failure(step: "stage" | "publish", message: string, cause?: unknown): VolumeError {
    if (cause instanceof VolumeError) return cause;
    const block = this.#options.volume.mode === "Block";
    const operation = block
      ? { stage: "MapVolume.SetUpDevice failed", publish: "MapVolume.MapPodDevice failed" }
      : { stage: "MountVolume.MountDevice failed", publish: "MountVolume.SetUp failed" };
    return new VolumeError(operation[step], message, { cause, ...(block ? { reason: "FailedMapVolume" } : {}) });
  }
}

const recordOf = ({ driver, handle }: CsiVolume): VolumeRecord => ({ driverName: driver, volumeHandle: handle });

const isFinal = (error: unknown) => error instanceof CsiError && error.final;

/** Undoes what a pod has of a volume, and what the node has of it when no other pod uses it. Rejects with an Error. */
async function tearDown(
  host: VolumeHost,
  { drivers }: CsiContext,
  { podUid, path }: LeftVolume,
  record: VolumeRecord,
): Promise<void> {
  const { driverName = "", volumeHandle = "", specVolID: name = "", mode } = record;
  const volume = {
    driver: driverName,
    handle: volumeHandle,
    name,
    mode: mode === "Block" ? mode : "Filesystem",
  } as const;
  const places = placesOf(host.layout, volume, podUid, path);
  const driver = () => {
    try {
      return drivers.get(driverName);
    } catch (error) {
      throw new NotYetError(`${PREFIX}Unmounter.TearDownAt failed to get CSI client: ${textOf(error)}`, error);
    }
  };
  let view: UnmountView = {
    published: record[PUBLISHED] !== "false",
    recorded: true,
    staged: (await readRecord(places.stagingRecord)) !== undefined,
    usedByOthers: await isUsedByOthers(host, podUid, record),
  };
  for (;;) {
    switch (nextUnmountStep(view)) {
      case "unpublish":
        await driver().call("Node.NodeUnpublishVolume", { volumeId: volumeHandle, targetPath: places.target });
        await removeUnmounted(host, places.target);
        await writeRecord(path, { ...record, [PUBLISHED]: "false" });
        view = { ...view, published: false };
        break;
      case "unstage":
        await driver().call("Node.NodeUnstageVolume", { volumeId: volumeHandle, stagingTargetPath: places.staging });
        await forgetStaging(host, places);
        view = { ...view, staged: false };
        break;
      case "forget":
        await removeRecord(path);
        view = { ...view, recorded: false };
        break;
      case "done":
        return;
    }
  }
}

/** Whether another pod on the node has it, or is on its way to: its record is on disk. */
async function isUsedByOthers({ layout }: VolumeHost, uid: string, record: VolumeRecord): Promise<boolean> {
  for (const other of (await ifThere(readdir(layout.pods))) ?? []) {
    if (other === uid) continue;
    const folder = join(layout.volumesDir(other), CSI_DIRECTORY);
    for (const name of (await ifThere(readdir(folder))) ?? []) {
      const found = await readRecord(join(folder, name));
      if (found?.["driverName"] === record["driverName"] && found?.["volumeHandle"] === record["volumeHandle"])
        return true;
    }
  }
  return false;
}

async function forgetStaging(host: VolumeHost, { staging, stagingRecord }: CsiPlaces): Promise<void> {
  await removeUnmounted(host, staging);
  await removeRecord(stagingRecord);
  await removeEmpty(stagingRecord);
}

/** Drivers are to remove the path themselves; where one leaves it, empty and not mounted, it goes here. */
async function removeUnmounted({ mounter }: VolumeHost, path: string): Promise<void> {
  if (!mountAt(await mounter.list(), path)) await removeEmpty(path);
}

async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "ENOTDIR")) throw error;
  }
}
