import { existsSync } from "node:fs";
import { join } from "node:path";
import { sleep, type Clock, type Scope } from "#base";
import { StartError } from "../../../options.ts";
import { ensureNodeBridge, takeOverBridge } from "./bridge.ts";
import { EARLIER_VERSION, PLANNING, tryLock } from "./lock.ts";
import { bridgeOf, type NodeNetwork } from "./network.ts";
import { observeNetwork } from "./observe.ts";
import { planNetwork, type Wanted } from "./plan.ts";
import { forgetNetwork, keepNetwork, keptNetwork } from "./record.ts";
import { removeNetwork } from "./remove.ts";

export interface ClaimOptions extends Pick<
  Wanted,
  "dataDir" | "id" | "given" | "nodeAddress" | "loadBalancerAddresses"
> {
  /** The data directory has had containers. */
  readonly hasContainers: boolean;
  readonly clock: Clock;
  /** Closing it lets go of what belongs to the running process; what is on the machine stays. */
  readonly scope: Scope;
}

/** A part of the machine's network that a data directory is to have. */
export interface NetworkClaim {
  readonly network: NodeNetwork;
  readonly notes: readonly string[];
  /**
   * Puts it on the machine: from then on others see it.
   *
   * @throws StartError
   */
  take(): Promise<void>;
  /** Takes back what was not there before. */
  giveBack(): Promise<void>;
}

/** Another cluster that starts has its network after moments. */
const PATIENCE_MS = 30_000;

/**
 * Decides which part of the machine's network a data directory gets. Other clusters that start meanwhile wait until it
 * has it.
 *
 * @throws StartError when it cannot be had.
 */
export async function claimNetwork(options: ClaimOptions): Promise<NetworkClaim> {
  const { dataDir, hasContainers, scope } = options;
  const release = await waitForTurn(options);
  scope.defer(release);
  const kept = keptNetwork(dataDir);
  const wanted: Wanted = {
    ...options,
    kept,
    earlier: kept === undefined && hasContainers,
    stored: existsSync(join(dataDir, "store")),
  };
  const plan = planNetwork(wanted, await observeNetwork());
  if ("refused" in plan) throw new StartError(plan.refused);
  const { network, takeOver, notes } = plan;
  let made = false;
  return {
    network,
    notes,
    async take() {
      scope.defer(await lockBridge(network));
      if (takeOver || network.replaces !== undefined) await checkEarlierVersion();
      if (takeOver) await takeOverBridge(network);
      await keepNetwork(dataDir, network);
      made = await ensureNodeBridge(network, dataDir);
      await release();
    },
    async giveBack() {
      if (made) await removeNetwork(network);
      if (made && kept === undefined) await forgetNetwork(dataDir);
    },
  };
}

async function waitForTurn({ clock }: ClaimOptions): Promise<() => Promise<void>> {
  const due = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const release = await tryLock(PLANNING);
    if (release) return release;
    if (clock.monotonic() > due)
      throw new StartError("another cluster on this machine does not get done with its start");
    await sleep(clock, 50);
  }
}

async function lockBridge(network: NodeNetwork): Promise<() => Promise<void>> {
  const bridge = bridgeOf(network);
  const release = await tryLock(bridge);
  if (release) return release;
  throw new StartError(`another cluster with the bridge ${bridge} is running on this machine`);
}

/** Only from what has stopped can a bridge be taken over. */
async function checkEarlierVersion(): Promise<void> {
  const release = await tryLock(EARLIER_VERSION);
  if (!release)
    throw new StartError("a cluster of an earlier version of Knarr is running on this machine: stop it first");
  await release();
}
