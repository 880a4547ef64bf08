import { join } from "node:path";
import { testImages } from "../../../test/support/images/catalog.ts";
import { leaksSince, tracesNow } from "../../../test/support/leaks.ts";
import { realMachine } from "../../../test/support/machine.ts";
import { createTestNamespace } from "../../../test/support/network-namespace.ts";
import { missingPackages, unpackedPackage } from "../../../test/support/packages.ts";
import { startRegistry } from "../../../test/support/registry.ts";
import { requestLoop } from "../../../test/support/requests.ts";
import { realClients } from "../../clients.ts";
import type { Screen } from "../screen.ts";
import type { Setting } from "../setting.ts";
import { realStory } from "../story/real/index.ts";
import type { Theatre } from "./theatre.ts";
import { startThrowawayCluster } from "./throwaway-cluster.ts";

const CREDENTIALS = { username: "team", password: "open-sesame" } as const;
const PRIVATE_PORT = 5001;
const PRIVATE_IMAGE = "team/app:1";

const SETTING: Setting = {
  nodes: 1,
  container: [
    "readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}",
    // A request to a Pod is to be answered also while the news of its termination is on the way.
    "lifecycle: {preStop: {sleep: {seconds: 1}}}",
  ],
  progressDeadlineSeconds: 10,
  racers: 8,
  patienceMs: 60_000,
};

/** Requests of one client: often enough to see a gap, seldom enough to leave the processors to the containers. */
const REQUESTS = { parallel: 2, pauseMs: 10, timeoutMs: 2_000 } as const;

/**
 * This machine as the one node, with real containers, in a network of its own that no packet leaves: the registries
 * are in there, and their images are made of Debian's packages.
 *
 * Rejects with one line that says what is missing where containers cannot run.
 */
export async function openRealTheatre(screen: Screen, signal: AbortSignal): Promise<Theatre> {
  const missing = missingPackages();
  if (missing.length > 0)
    screen.say(`Real containers need ${missing.join(", ")}: to be installed, where that is allowed.`);
  const machine = await realMachine();
  if (!machine.ok) throw new Error(`real containers cannot run here: ${machine.reason}`);
  signal.throwIfAborted();
  screen.title("A cluster with real containers, for this tour only");
  screen.say(
    "Images of nginx, httpd and busybox are made of Debian's packages (once), and offered by two registries, one of " +
      "them with a password, in a network namespace that no packet leaves.",
  );
  await testImages();
  signal.throwIfAborted();

  await using resources = new AsyncDisposableStack();
  const namespace = resources.use(await createTestNamespace());
  const registry = resources.use(await startRegistry(namespace));
  const locked = resources.use(await startRegistry(namespace, { port: PRIVATE_PORT, credentials: CREDENTIALS }));
  locked.tag("test/server:1", PRIVATE_IMAGE);
  signal.throwIfAborted();
  const before = await tracesNow({ dirs: [], namespace });

  screen.command("knarr up --runtime containerd");
  const args = ["--runtime", "containerd", "--registry-mirror", `docker.io=${registry.url}`];
  const cluster = await startThrowawayCluster({ args, commandLine: namespace.command, leavesContainers: true }, signal);
  const rest = resources.move();
  return {
    setting: SETTING,
    site: {
      dir: cluster.dir,
      env: cluster.env,
      programs: new Map([
        ["kubectl", [realClients().kubectl]],
        ["wget", [join(await unpackedPackage("busybox-static"), "bin/busybox"), "wget"]],
      ]),
      commandLine: namespace.command,
    },
    story: realStory({ host: locked.host, image: `${locked.host}/${PRIVATE_IMAGE}`, ...CREDENTIALS }),
    request: (url) => requestLoop(namespace, url, REQUESTS),
    announced: cluster.announced,
    died: cluster.died,
    async close() {
      try {
        await cluster.stop();
        return await leaksSince(before, { dirs: [cluster.dir], namespace });
      } finally {
        await rest.disposeAsync();
      }
    },
  };
}
