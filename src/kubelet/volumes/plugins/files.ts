import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PodSources } from "#kubelet";
import type { Pod, Volume } from "#objects";
import { isWritten, writeAtomically } from "../linux/atomic-writer.ts";
import { giveToGroup } from "../linux/ownership.ts";
import type { Payload } from "../payload/payload.ts";
import type { ReadyVolume, VolumeHost, VolumePlugin, VolumeRequest } from "../plugin.ts";
import { fsGroupOf, nestedMountPoints } from "../pod-facts.ts";
import { setUpDirectory } from "./directory.ts";

/** What a kind of volume whose files come from the API says of itself. */
export interface FilesKind {
  readonly directory: string;
  readonly supports: (volume: Volume) => boolean;
  /** `memory`: nothing of it is to come to rest on a disk. */
  readonly medium: "disk" | "memory";
  /** Begins to look the files up for one volume. */
  readonly collector: (volume: Volume, sources: PodSources) => Collector;
}

/** The files as of now. Rejects with an Error with upstream's text. */
export type Collector = (pod: Pod) => Promise<Collected>;

export interface Collected {
  readonly payload: Payload;
  /** When something of it is to be replaced, milliseconds since the epoch. */
  readonly until?: number | undefined;
}

/** Volumes whose files are written as a whole, and written anew when what they tell of changes. */
export function filesPlugin(host: VolumeHost, kind: FilesKind): VolumePlugin {
  return {
    directory: kind.directory,
    supports: ({ volume }) => kind.supports(volume),
    setUp: (request) => setUp(host, kind, request),
  };
}

async function setUp(host: VolumeHost, kind: FilesKind, request: VolumeRequest): Promise<ReadyVolume> {
  const { volume, path, sources } = request;
  const collect = kind.collector(volume, sources);
  const write = async (pod: Pod, { payload, until }: Collected): Promise<number | undefined> => {
    const gid = fsGroupOf(pod);
    await writeAtomically(path, payload, {
      now: host.now(),
      ...(gid === undefined ? {} : { beforeSwap: () => giveToGroup(path, { gid, readOnly: true }) }),
    });
    return until;
  };
  const refresh = async (pod: Pod) => write(pod, await collect(pod));
  const content = { type: "path", path } as const;
  // What an earlier process has written serves its containers on, even if nothing new is to be had just now.
  if (await isWritten(path)) return { content, readOnly: true, live: { refresh, refreshAt: host.now() } };

  const collected = await collect(request.pod);
  await prepare(host, kind, request);
  return { content, readOnly: true, live: { refresh, refreshAt: await write(request.pod, collected) } };
}

async function prepare(host: VolumeHost, { medium }: FilesKind, { pod, volume, path }: VolumeRequest): Promise<void> {
  const readyFile = host.layout.readyFile(pod.metadata.uid ?? "", `wrapped_${volume.name}`);
  await setUpDirectory(host, { pod, path, readyFile, medium });
  for (const nested of nestedMountPoints(pod, volume.name)) await mkdir(join(path, nested), { recursive: true });
}
