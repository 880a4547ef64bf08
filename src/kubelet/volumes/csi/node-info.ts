import type { Clock } from "#base";
import { retryOnConflict, type Client } from "#client";
import { CSI_NODES, hasReason, NODES, type CSINode, type Node } from "#objects";
import type { NodeInfo } from "./messages.ts";
import type { Texts } from "./volume.ts";

const NODE_ID = "csi.volume.kubernetes.io/nodeid";
const MAX_COUNT = 2 ** 31 - 1;

/** What a driver says of the node, as the node's objects tell it. */
export interface DriverOnNode {
  readonly name: string;
  readonly nodeId: string;
  /** 0: it does not say. */
  readonly maxVolumes: number;
  readonly topology: Texts;
}

/** @throws Error with upstream's text when the driver says nothing that can be used. */
export function driverOnNode(name: string, { nodeId, maxVolumesPerNode, accessibleTopology }: NodeInfo): DriverOnNode {
  if (nodeId === "") throw new Error("error adding CSI driver node info: driverNodeID must not be empty");
  return { name, nodeId, maxVolumes: maxVolumesPerNode, topology: accessibleTopology?.segments ?? {} };
}

type CsiNodeDriver = CSINode["spec"]["drivers"][number];

/** The drivers of a CSINode with this one as it is now; the same list when nothing changes. */
export function withDriver(drivers: readonly CsiNodeDriver[], driver: DriverOnNode): readonly CsiNodeDriver[] {
  const { name, nodeId, maxVolumes, topology } = driver;
  const count = maxVolumes > 0 ? Math.min(maxVolumes, MAX_COUNT) : undefined;
  const topologyKeys = Object.keys(topology).toSorted();
  const known = drivers.find((one) => one.name === name);
  const same =
    known?.nodeID === nodeId &&
    String((known.topologyKeys ?? []).toSorted()) === String(topologyKeys) &&
    known.allocatable?.count === count;
  if (same) return drivers;
  const entry: CsiNodeDriver = {
    name,
    nodeID: nodeId,
    topologyKeys,
    ...(count === undefined ? {} : { allocatable: { count } }),
  };
  return [...drivers.filter((one) => one.name !== name), entry];
}

/** The ids by which drivers know the node. Throws when the annotation is not what it should be. */
function nodeIds({ metadata }: Node): Record<string, string> {
  const text = metadata.annotations?.[NODE_ID];
  if (!text) return {};
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch (error) {
    throw new Error(`failed to parse node's "${NODE_ID}" annotation value ("${text}") err=${String(error)}`, {
      cause: error,
    });
  }
}

/** What is to change of the Node's metadata; undefined: nothing. Throws an Error with upstream's text. */
export function nodePatch(node: Node, { name, nodeId, topology }: DriverOnNode): object | undefined {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(topology)) {
    const known = labels[key];
    if (known !== undefined && known !== value) {
      throw new Error(
        `detected topology value collision: driver reported "${key}":"${value}" but existing label is "${key}":"${known}"`,
      );
    }
  }
  const ids = nodeIds(node);
  const news = Object.entries(topology).filter(([key]) => labels[key] === undefined);
  if (ids[name] === nodeId && news.length === 0) return undefined;
  const annotations = { [NODE_ID]: JSON.stringify({ ...ids, [name]: nodeId }) };
  return { metadata: { annotations, ...(news.length > 0 ? { labels: Object.fromEntries(news) } : {}) } };
}

/** The same for a driver that has gone: its labels stay, as upstream has it. */
export function nodePatchWithout(node: Node, driver: string): object | undefined {
  const { [driver]: gone, ...ids } = nodeIds(node);
  if (gone === undefined) return undefined;
  return { metadata: { annotations: { [NODE_ID]: Object.keys(ids).length > 0 ? JSON.stringify(ids) : null } } };
}

/** Keeps what drivers say of the node in its Node and its CSINode. Every call rejects with an Error. */
export interface CsiNodeInfo {
  /** Makes the CSINode, if there is none. */
  ensure(): Promise<void>;
  install(driver: DriverOnNode): Promise<void>;
  uninstall(driver: string): Promise<void>;
}

export function createCsiNodeInfo(client: Client, nodeName: string, clock: Clock): CsiNodeInfo {
  const key = { namespace: "", name: nodeName };
  const patchNode = async (patchOf: (node: Node) => object | undefined) => {
    const node = await client.get(NODES, key);
    const body = patchOf(node);
    if (body) await client.patch(NODES, key, { type: "merge", body: body as Record<string, never> });
  };
  const ensure = async (): Promise<CSINode> => {
    try {
      return await client.get(CSI_NODES, key);
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
    const { metadata } = await client.get(NODES, key);
    const owner = { apiVersion: "v1", kind: "Node", name: nodeName, uid: metadata.uid ?? "" };
    return client.create(CSI_NODES, { metadata: { name: nodeName, ownerReferences: [owner] }, spec: { drivers: [] } });
  };
  const change = (drivers: (before: readonly CsiNodeDriver[]) => readonly CsiNodeDriver[]) =>
    retryOnConflict(clock, async () => {
      const current = await ensure();
      const wanted = drivers(current.spec.drivers);
      if (wanted !== current.spec.drivers) {
        await client.update(CSI_NODES, { ...current, spec: { ...current.spec, drivers: wanted } });
      }
    });
  return {
    ensure: async () => void (await ensure()),
    async install(driver) {
      await patchNode((node) => nodePatch(node, driver));
      await change((drivers) => withDriver(drivers, driver));
    },
    async uninstall(driver) {
      await change((drivers) =>
        drivers.some(({ name }) => name === driver) ? drivers.filter(({ name }) => name !== driver) : drivers,
      );
      await patchNode((node) => nodePatchWithout(node, driver));
    },
  };
}
