export type {
  LeftVolume,
  LiveContent,
  ReadyVolume,
  VolumeContent,
  VolumeHost,
  VolumePlugin,
  VolumeRequest,
} from "./plugin.ts";
export { createVolumes, type NodeVolumes, type VolumesOptions } from "./volumes.ts";
