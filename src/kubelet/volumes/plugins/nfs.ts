import { mkdir, rmdir, stat } from "node:fs/promises";
import type { VolumeSpec } from "#kubelet";
import { mountAt } from "../linux/mount-info.ts";
import { ifThere } from "../linux/errors.ts";
import type { ReadyVolume, VolumeHost, VolumePlugin, VolumeRequest } from "../plugin.ts";
import { mountOptionsOf } from "./mount-options.ts";

/** A directory that another machine serves, mounted by the machine's own mount.nfs (upstream pkg/volume/nfs). */
export function nfsPlugin(host: VolumeHost): VolumePlugin {
  return {
    directory: "kubernetes.io~nfs",
    mountOptions: true,
    supports: (spec) => sourceOf(spec) !== undefined,
    setUp: (request) => setUp(host, request),
    async tearDown({ path }) {
      await host.mounter.unmountUnder(path);
      await ifThere(rmdir(path));
    },
  };
}

const sourceOf = ({ volume, bound }: VolumeSpec) => (bound ? bound.volume.spec?.nfs : volume.nfs);

async function setUp({ mounter }: VolumeHost, request: VolumeRequest): Promise<ReadyVolume> {
  const { path, bound } = request;
  const { server = "", path: exported = "", readOnly: servedReadOnly = false } = sourceOf(request) ?? {};
  const readOnly = request.readOnly || servedReadOnly;
  const ready: ReadyVolume = { content: { type: "path", path }, readOnly };
  if (mountAt(await mounter.list(), path)) return ready;
  await mkdir(path, { recursive: true, mode: 0o750 });
  try {
    await mounter.mount(
      sourceText(server, exported),
      path,
      "nfs",
      mountOptionsOf(bound?.volume, readOnly ? ["ro"] : []),
    );
  } catch (error) {
    await mounter.unmountUnder(path);
    await ifThere(rmdir(path));
    if (error instanceof Error && !(await hasHelper())) error.message += HINT;
    throw error;
  }
  return ready;
}

const HINT = " (this machine has no mount.nfs: its package is called nfs-common or nfs-utils)";

const hasHelper = async () =>
  (await Promise.all(["/sbin", "/usr/sbin"].map((folder) => ifThere(stat(`${folder}/mount.nfs`))))).some(Boolean);

/** An address of IPv6 stands in brackets. */
const sourceText = (server: string, path: string) => `${server.includes(":") ? `[${server}]` : server}:${path}`;
