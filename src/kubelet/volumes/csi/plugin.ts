import { mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { sleep, type Clock, type Log } from "#base";
import type { BoundVolume } from "#kubelet";
import { formatTime, type CSIDriver } from "#objects";
import { textOf } from "../linux/errors.ts";
import { giveToGroup } from "../linux/ownership.ts";
import { VolumeError, type ReadyVolume, type VolumeHost, type VolumePlugin, type VolumeRequest } from "../plugin.ts";
import { fsGroupChangePolicyOf, fsGroupOf } from "../pod-facts.ts";
import { CsiError, type CsiDriver } from "./driver.ts";
import type { CsiDrivers } from "./drivers.ts";
import type { CsiObjects } from "./objects.ts";
import { expansionOf } from "./expansion.ts";
import { CSI_DIRECTORY, placesOf, type CsiPlaces } from "./places.ts";
import { nextMountStep, type MountView } from "./plan.ts";
import { readRecord, writeRecord, type VolumeRecord } from "./records.ts";
import { forgetStaging, PREFIX, PUBLISHED, removeUnmounted, unmountCsi } from "./unmount.ts";
import {
  attachmentName,
  attachmentOf,
  capabilityOf,
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
      return mount.ready((work) => turn(volume, work));
    },
    async tearDown(left) {
      const record = await readRecord(left.path);
      if (!record) return;
      const { driverName: driver = "", volumeHandle: handle = "" } = record;
      await turn({ driver, handle }, () => unmountCsi(host, context.drivers, left, record));
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
  /** The size that the file system was last given here. */
  #expandedTo: string | undefined;

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
          if (this.#options.request.bound) await this.expand(this.#options.request.bound, "mounting");
          return;
      }
    }
  }

  /** The file system gets the size that the volume has, where the driver does that on nodes. */
  async expand(bound: BoundVolume, time: "mounting" | "in use"): Promise<void> {
    const { volume, request, context } = this.#options;
    const expansion = expansionOf(bound);
    if (!expansion || expansion.storage === this.#expandedTo) return;
    const driver = this.#driver();
    const call = await this.#tried("publish", this.#callContext(driver, "publish"));
    if (!call.capabilities.has("EXPAND_VOLUME")) return;
    if (volume.readOnly) {
      const text = `MountVolume.NodeExpandVolume failed for volume "${volume.name}" requested read-only file system`;
      request.event("Warning", "VolumeResizeFailed", text);
      this.#expandedTo = expansion.storage;
      return;
    }
    try {
      const { expandSecret } = volume;
      await driver.call("Node.NodeExpandVolume", {
        volumeId: volume.handle,
        volumePath: this.#places.target,
        stagingTargetPath: call.stagingPath,
        capacityRange: { requiredBytes: expansion.bytes },
        volumeCapability: capabilityOf(volume, call),
        secrets: expandSecret ? await context.objects.secret("NodeExpandSecretRef", expandSecret) : {},
      });
      await context.objects.resized(bound.claim, expansion.storage);
    } catch (error) {
      const why = `Expander.NodeExpand failed to expand the volume : ${textOf(error)}`;
      if (time === "mounting")
        throw new VolumeError("MountVolume.Setup failed while expanding volume", why, { cause: error });
      throw new VolumeError("NodeExpandVolume.NodeExpandVolume failed", why, {
        cause: error,
        reason: "VolumeResizeFailed",
      });
    }
    this.#expandedTo = expansion.storage;
    const done = `MountVolume.NodeExpandVolume succeeded for volume "${volume.name}" ${context.nodeName}`;
    request.event("Normal", "FileSystemResizeSuccessful", done);
  }

  /** Looks whether the volume has grown while it is used. */
  async follow(): Promise<void> {
    const { bound, sources } = this.#options.request;
    if (!bound) return;
    const claim = await sources.claim(bound.claim.metadata.name ?? "");
    await this.expand({ claim, volume: await sources.persistentVolume(bound.volume.metadata.name ?? "") }, "in use");
  }

  async republish(): Promise<void> {
    await this.#publish(this.#driver(), "again");
  }

  /** `inTurn`: does what concerns the volume when nothing else does. */
  async ready(inTurn: (work: () => Promise<void>) => Promise<void>): Promise<ReadyVolume> {
    const { volume, object, context } = this.#options;
    const { target } = this.#places;
    const { readOnly } = volume;
    const { requiresRepublish = false } = object?.spec ?? {};
    let published = context.clock.now();
    const refresh = async () => {
      await inTurn(() => this.follow());
      if (!requiresRepublish) return undefined;
      if (context.clock.now() - published >= REPUBLISH_MS) {
        await inTurn(() => this.republish());
        published = context.clock.now();
      }
      return published + REPUBLISH_MS;
    };
    const live = { refresh, ...(requiresRepublish ? { refreshAt: published + REPUBLISH_MS } : {}) };
    if (volume.mode === "Block") return { content: { type: "device", path: await realpath(target) }, readOnly, live };
    return { content: { type: "path", path: target }, readOnly, live };
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
