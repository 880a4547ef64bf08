import { join } from "node:path";
import { sleep, type Clock, type Log } from "#base";
import type { Client } from "#client";
import type { VolumeHost, VolumePlugin } from "../plugin.ts";
import { CsiDrivers } from "./drivers.ts";
import { createCsiNodeInfo, type CsiNodeInfo } from "./node-info.ts";
import { createCsiObjects } from "./objects.ts";
import { csiPlugin } from "./plugin.ts";
import { startRegistration } from "./registration.ts";

export interface CsiOptions {
  /** A kubelet's. */
  readonly client: Client;
  readonly nodeName: string;
}

/** Drivers on this node and their volumes. */
export interface Csi {
  readonly plugin: VolumePlugin;
  /** Registers drivers from now on. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createCsi(
  { client, nodeName }: CsiOptions,
  host: VolumeHost,
  rootDir: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Csi {
  const drivers = new CsiDrivers();
  const stopping = new AbortController();
  let stop: (() => Promise<void>) | undefined;
  return {
    plugin: csiPlugin(host, { drivers, objects: createCsiObjects(client), nodeName, clock, log }),
    async start() {
      const nodeInfo = createCsiNodeInfo(client, nodeName, clock);
      void ensureCsiNode(nodeInfo, clock, stopping.signal);
      stop = await startRegistration({
        directory: join(rootDir, "plugins_registry"),
        drivers,
        nodeInfo,
        clock,
        log,
      });
    },
    async close() {
      stopping.abort(new Error("the node stops"));
      await stop?.();
      drivers.close();
    },
  };
}

const RETRY_MS = 1_000;

/** The scheduler takes a node without a CSINode for one that has no drivers yet. It follows the Node, which comes later. */
async function ensureCsiNode(nodeInfo: CsiNodeInfo, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await nodeInfo.ensure();
    } catch {
      await sleep(clock, RETRY_MS, signal).catch(() => {});
    }
  }
}
