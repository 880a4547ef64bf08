import { mkdir, rmdir, stat } from "node:fs/promises";
import type { VolumeSpec } from "#kubelet";
import { goQuote } from "#objects";
import { ifThere } from "../linux/errors.ts";
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
  const { path: source = "" } = sourceOf(request) ?? {};
  await checkKind(source);
  const ready: ReadyVolume = { content: { type: "path", path }, readOnly };
  const mounts = await host.mounter.list();
  if (mountAt(mounts, path)) return ready;
  const gid = fsGroupOf(request.pod);
  const shared = isUsedByOthers(host, request, mounts);
  if (shared && gid !== undefined) await warnOfGroup(request, source, gid);
  await mkdir(path, { recursive: true, mode: 0o750 });
  await host.mounter.bind(source, path, mountOptionsOf(request.bound?.volume, readOnly ? ["ro"] : []));
  // Pods that share it share its group: that of the first one.
  if (gid !== undefined && !readOnly && !shared) {
    await giveToGroup(path, { gid, readOnly, policy: fsGroupChangePolicyOf(request.pod) });
  }
  return ready;
}

async function checkKind(path: string): Promise<void> {
  const refused = (why: string) => new VolumeError("MountVolume.NewMounter initialization failed", why);
  if (path === "") throw refused("local volume source is nil or local path is not set");
  if (path.split("/").includes("..")) throw new Error(`invalid path: ${path} must not contain '..'`);
  const found = await ifThere(stat(path));
  if (!found) throw refused(`path ${goQuote(path)} does not exist`);
  if (!found.isDirectory()) throw refused("only directory and block device are supported");
}

const isUsedByOthers = ({ layout }: VolumeHost, { name, path }: VolumeRequest, mounts: readonly MountPoint[]) =>
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

/** What is mounted there is the volume's own: nothing is removed but the place. */
async function tearDown({ mounter }: VolumeHost, { path }: LeftVolume): Promise<void> {
  await mounter.unmountUnder(path);
  await ifThere(rmdir(path));
}
