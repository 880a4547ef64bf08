import type { VolumeHost, VolumePlugin } from "../plugin.ts";
import { configMapFiles } from "./config-map.ts";
import { downwardApiFiles } from "./downward-api.ts";
import { emptyDirPlugin } from "./empty-dir.ts";
import { filesPlugin } from "./files.ts";
import { hostPathPlugin } from "./host-path.ts";
import { imagePlugin } from "./image.ts";
import { localPlugin } from "./local.ts";
import { nfsPlugin } from "./nfs.ts";
import { projectedFiles } from "./projected.ts";
import { secretFiles } from "./secret.ts";

/** Every kind of volume that needs nothing but this node. */
export const builtInPlugins = (host: VolumeHost): readonly VolumePlugin[] => [
  emptyDirPlugin(host),
  hostPathPlugin,
  localPlugin(host),
  nfsPlugin(host),
  filesPlugin(host, configMapFiles),
  filesPlugin(host, secretFiles),
  filesPlugin(host, downwardApiFiles(host.allocatable)),
  filesPlugin(host, projectedFiles(host)),
  imagePlugin,
];
