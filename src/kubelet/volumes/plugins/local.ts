import { mkdir, rmdir, stat } from "node:fs/promises";
import type { VolumeSpec } from "#kubelet";
import { goQuote } from "#objects";
import { ifThere, textOf } from "../linux/errors.ts";
import { formatAndMount } from "../linux/format.ts";
import { mountAt, type MountPoint } from "../linux/mount-info.ts";
import { giveToGroup } from "../linux/ownership.ts";
import {
  VolumeError,
  type LeftVolume,
  type ReadyVolume,
  type VolumeHost,
  type VolumePlugin,
  type VolumeRequest,
} from "../plugin.ts";
import { fsGroupChangePolicyOf, fsGroupOf } from "../pod-facts.ts";
import { mountOptionsOf } from "./mount-options.ts";

/** A directory of the node that PersistentVolumes stand for (upstream pkg/volume/local). */
export function localPlugin(host: VolumeHost): VolumePlugin {
  return {
    directory: DIRECTORY,
    mountOptions: true,
    supports: (spec) => sourceOf(spec) !== undefined,
    setUp: (request) => host.turns.run(`local/${request.name}`, () => setUp(host, request)),
    tearDown: (left) => host.turns.run(`local/${left.name}`, () => tearDown(host, left)),
  };
}

const DIRECTORY = "kubernetes.io~local-volume";

const sourceOf = ({ bound }: VolumeSpec) => bound?.volume.spec?.local;

async function setUp(host: VolumeHost, request: VolumeRequest): Promise<ReadyVolume> {
  const { path, readOnly } = request;
  const { path: given = "" } = sourceOf(request) ?? {};
  const kind = await kindOf(given);
  if (request.mode === "Block") {
    if (kind !== "block device")
      throw new VolumeError("MapVolume.MapPodDevice failed", NO_DEVICE, { reason: "FailedMapVolume" });
    return { content: { type: "device", path: given }, readOnly };
  }
  const source = kind === "directory" ? given : await mountDevice(host, request, given);
  const ready: ReadyVolume = { content: { type: "path", path }, readOnly };
  const mounts = await host.mounter.list();
  if (mountAt(mounts, path)) return ready;
  try {
    await bindFor(host, request, source, isUsedByOthers(host, request, mounts));
  } catch (error) {
    // Half of it would be taken as ready at the next try.
    await tearDown(host, request);
    throw error;
  }
  return ready;
}

/** Brings what is mounted for the node, or is a directory of it, into the pod. `shared`: other pods have it. */
async function bindFor({ mounter }: VolumeHost, request: VolumeRequest, source: string, shared: boolean) {
  const { path, readOnly, pod, bound } = request;
  const gid = fsGroupOf(pod);
  if (shared && gid !== undefined) await warnOfGroup(request, source, gid);
  await mkdir(path, { recursive: true, mode: 0o750 });
  await mounter.bind(source, path, mountOptionsOf(bound?.volume, readOnly ? ["ro"] : []));
  // Pods that share it share its group: that of the first one.
  if (gid !== undefined && !readOnly && !shared) {
    await giveToGroup(path, { gid, readOnly, policy: fsGroupChangePolicyOf(pod) });
  }
}

/** Resolves to where the device is mounted for the node. Rejects with a VolumeError. */
async function mountDevice(host: VolumeHost, request: VolumeRequest, device: string): Promise<string> {
  const { name, readOnly, bound } = request;
  const { fsType = "ext4" } = sourceOf(request) ?? {};
  const target = deviceTarget(host, name);
  const { mounter, run } = host;
  if (mountAt(await mounter.list(), target)) return target;
  await mkdir(target, { recursive: true, mode: 0o750 });
  try {
    const options = mountOptionsOf(bound?.volume);
    await formatAndMount(run, mounter, { device, target, fsType, readOnly, options });
  } catch (error) {
    await ifThere(rmdir(target));
    const why = `local: failed to mount device ${device} at ${target} (fstype: ${fsType}), error ${textOf(error)}`;
    throw new VolumeError("MountVolume.MountDevice failed", why, { cause: error });
  }
  return target;
}

/** Where a device is mounted, for all pods that use it. */
const deviceTarget = ({ layout }: VolumeHost, name: string) =>
  layout.pluginDir("kubernetes.io", "local-volume", "mounts", name);

const NO_DEVICE = "only block devices can be passed on as such";

async function kindOf(path: string): Promise<"directory" | "block device"> {
  const refused = (why: string) => new VolumeError("MountVolume.NewMounter initialization failed", why);
  if (path === "") throw refused("local volume source is nil or local path is not set");
  if (path.split("/").includes("..")) throw new Error(`invalid path: ${path} must not contain '..'`);
  const found = await ifThere(stat(path));
  if (!found) throw refused(`path ${goQuote(path)} does not exist`);
  if (found.isDirectory()) return "directory";
  if (found.isBlockDevice()) return "block device";
  throw refused("only directory and block device are supported");
}

const isUsedByOthers = (
  { layout }: VolumeHost,
  { name, path }: Pick<VolumeRequest, "name" | "path">,
  mounts: readonly MountPoint[],
) =>
  mounts.some(
    (mount) =>
      mount.path !== path && mount.path.startsWith(`${layout.pods}/`) && mount.path.endsWith(`/${DIRECTORY}/${name}`),
  );

async function warnOfGroup({ name, event }: VolumeRequest, source: string, wanted: number): Promise<void> {
  const { gid } = await stat(source);
  if (gid === wanted) return;
  const text = `The requested fsGroup is ${wanted}, but the volume ${name} has GID ${gid}. The volume may not be shareable.`;
  event("Warning", "AlreadyMountedVolume", text);
}

/** What is mounted there is the volume's own: nothing is removed but the place. A device goes with its last pod. */
async function tearDown(host: VolumeHost, { path, name }: Pick<LeftVolume, "path" | "name">): Promise<void> {
  const { mounter } = host;
  await mounter.unmountUnder(path);
  await ifThere(rmdir(path));
  const mounts = await mounter.list();
  const device = deviceTarget(host, name);
  if (!mountAt(mounts, device) || isUsedByOthers(host, { name, path }, mounts)) return;
  await mounter.unmountUnder(device);
  await ifThere(rmdir(device));
}
