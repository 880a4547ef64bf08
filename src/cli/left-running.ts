import { clusterStatus, commandFor, mayHaveContainers } from "#cluster";

/**
 * What is said of the containers that go on running without the cluster of a data directory, which may still run;
 * undefined when there are none.
 */
export async function leftRunning(dataDir: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (!mayHaveContainers(dataDir)) return undefined;
  const before = await clusterStatus(dataDir);
  const told = before.running && before.runtime !== "";
  if (told && (before.runtime.startsWith("simulated") || before.runningPods === 0)) return undefined;
  const which = told ? `${podsText(before.runningPods)} running` : "Pods of it may still run";
  return `${which}; end them with: ${commandFor(dataDir, "down --purge", env)}`;
}

const podsText = (pods: number) => (pods === 1 ? "its Pod goes on" : `its ${pods} Pods go on`);
