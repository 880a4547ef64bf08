import { removeTable } from "#proxy";
import { isInUse, removeBridge } from "./bridge.ts";
import { EARLIER_VERSION, tryLock } from "./lock.ts";
import {
  bridgeOf,
  EARLIER_NETWORK,
  EARLIER_TABLE,
  SHARED_BRIDGE,
  tableOf,
  USUAL_PODS,
  USUAL_SERVICES,
  type NodeNetwork,
} from "./network.ts";
import { observeNetwork } from "./observe.ts";

/** What the node of a data directory had whose version kept no network. */
export const earlierNetwork = (id: string): NodeNetwork => ({
  id,
  pods: USUAL_PODS,
  services: USUAL_SERVICES,
  machine: true,
  bridge: SHARED_BRIDGE,
  name: EARLIER_NETWORK,
  replaces: EARLIER_TABLE,
});

/** Takes away everything in the kernel that is of this network. */
export async function removeNetwork(network: NodeNetwork): Promise<void> {
  const bridge = bridgeOf(network);
  await removeTable({ table: tableOf(network), bridge, serviceCidrs: [network.services] });
  await removeBridge(bridge);
}

/**
 * Takes away what of the machine's network is this data directory's, its Pods being gone. What says that it is another
 * directory's stays; and so does what an earlier version may share with a cluster that is still there.
 */
export async function removeNetworkOf(network: NodeNetwork, dataDir: string): Promise<void> {
  const bridge = bridgeOf(network);
  const observed = await observeNetwork();
  const owner = observed.bridges.find(({ name }) => name === bridge)?.owner;
  const isOthers =
    owner !== undefined &&
    owner !== dataDir &&
    observed.bridges.some((one) => one.owner === owner && one.network !== undefined);
  if (network.replaces !== undefined && !(await isEarlierInUse())) {
    await removeTable({ table: EARLIER_TABLE, bridge: SHARED_BRIDGE, serviceCidrs: [network.services] });
    if (owner === undefined && bridge === SHARED_BRIDGE) await removeBridge(bridge);
  }
  if (!isOthers && (owner !== undefined || bridge !== SHARED_BRIDGE)) await removeNetwork(network);
}

/** Whether a cluster of an earlier version runs, or has Pods. */
async function isEarlierInUse(): Promise<boolean> {
  const release = await tryLock(EARLIER_VERSION);
  await release?.();
  return release === undefined || (await isInUse(SHARED_BRIDGE));
}
