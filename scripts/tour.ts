// A tour of what a Deployment does, on a cluster that is started for it and thrown away after it: `npm run tour`.
// Exits with 0 only if everything that it shows was so.
import type { WriteStream } from "node:tty";
import { realClients } from "./clients.ts";
import { createScreen } from "./tour/screen.ts";
import { createStage } from "./tour/stage.ts";
import { STORY } from "./tour/story/index.ts";
import { startThrowawayCluster } from "./tour/throwaway-cluster.ts";
import { watchWorld } from "./tour/world.ts";

const NODES = 3;
const INTERRUPTED = 130;

const stream: WriteStream = process.stdout;
const colour = stream.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
const screen = createScreen(stream, colour);

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));
}
const { signal } = interrupt;

const began = performance.now();
const checks = { held: 0, failed: 0 };

async function tour(): Promise<void> {
  screen.title("A cluster of three nodes, control plane and all, for this tour only");
  const { kubectl } = realClients();
  screen.command(`knarr up --nodes ${NODES}`);
  const cluster = await startThrowawayCluster(NODES, signal);
  const stopWatching = new AbortController();
  try {
    screen.output(/^(?:Kubernetes .*|ready in .*)$/gm[Symbol.match](cluster.announced)!.join("\n"));
    const watching = AbortSignal.any([signal, stopWatching.signal]);
    const stage = createStage({
      screen,
      world: watchWorld({ kubectl, env: cluster.env, signal: watching }),
      kubectl,
      dir: cluster.dir,
      env: cluster.env,
      signal,
      onCheck: (held) => checks[held ? "held" : "failed"]++,
    });
    stage.say("kubectl is the real one, unmodified. It finds the cluster through a kubeconfig of the tour's own.");
    await stage.type("kubectl get nodes");
    for (const step of STORY) {
      screen.title(step.title);
      await Promise.race([step.play(stage), cluster.died]);
    }
  } finally {
    stopWatching.abort();
    screen.title("The end");
    screen.command("knarr down --purge");
    await cluster.stop();
    screen.output("stopped, and nothing of it is left");
  }
}

try {
  await tour();
  const { held, failed } = checks;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  screen.title(
    failed === 0
      ? `All ${held} checks held, in ${seconds} s. Your own cluster: bin/knarr up`
      : `${failed} of ${held + failed} checks failed.`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  screen.line([{ text: `tour: ${signal.aborted ? (signal.reason as Error).message : String(error)}`, style: "red" }]);
  process.exitCode = signal.aborted ? INTERRUPTED : 1;
}
