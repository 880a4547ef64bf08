import { realClients } from "../../clients.ts";
import type { Screen } from "../screen.ts";
import { here } from "../../../test/support/rollout/site.ts";
import { STORY } from "../story/index.ts";
import type { Theatre } from "./theatre.ts";
import { startThrowawayCluster } from "./throwaway-cluster.ts";

const NODES = 3;

/** Three nodes whose containers are timers: on any machine, without root. */
export async function openSimulatedTheatre(screen: Screen, signal: AbortSignal): Promise<Theatre> {
  screen.title("A cluster of three nodes, control plane and all, for this tour only");
  screen.command(`knarr up --nodes ${NODES}`);
  const args = ["--nodes", `${NODES}`, "--runtime", "simulated"];
  const cluster = await startThrowawayCluster({ args, commandLine: here }, signal);
  return {
    setting: { nodes: NODES, container: [], progressDeadlineSeconds: 5, racers: 8, patienceMs: 60_000 },
    site: {
      dir: cluster.dir,
      env: cluster.env,
      programs: new Map([["kubectl", [realClients().kubectl]]]),
      commandLine: here,
    },
    story: STORY,
    announced: cluster.announced,
    died: cluster.died,
    async close() {
      await cluster.stop();
      return [];
    },
  };
}
