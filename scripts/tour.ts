// A tour of what Kubernetes does, on a cluster that is started for it and thrown away after it: `npm run tour` tells the
// life of a Deployment, `npm run tour -- --chapter pets` that of a StatefulSet, and so on; `--real`: with real containers.
// Exits with 0 only if everything that it shows was so.
import type { WriteStream } from "node:tty";
import { parseArgs } from "node:util";
import { CHAPTERS } from "./tour/chapters/index.ts";
import { createScreen } from "./tour/screen.ts";
import { createStage } from "./tour/stage.ts";
import { openSimulatedTheatre } from "./tour/theatre/simulated.ts";
import type { Theatre } from "./tour/theatre/theatre.ts";
import { watchCluster } from "../test/support/rollout/live-cluster.ts";

const INTERRUPTED = 130;
const USAGE = 2;

const names = [...CHAPTERS.keys()];

/** The command line; exits with a line that says what there is if it cannot be read. */
function options() {
  try {
    const { real, chapter } = parseArgs({
      options: { real: { type: "boolean", default: false }, chapter: { type: "string" } },
    }).values;
    if (chapter !== undefined && !CHAPTERS.has(chapter)) throw new Error(`there is no chapter "${chapter}"`);
    return { real, chapter };
  } catch (error) {
    const there = `--real for real containers, --chapter ${names.join("|")}`;
    console.error(`tour: ${(error as Error).message}; there is ${there}`);
    process.exit(USAGE);
  }
}
const { real, chapter } = options();

const stream: WriteStream = process.stdout;
const colour = stream.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
const screen = createScreen(stream, colour);

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));
}
const { signal } = interrupt;

const checks = { held: 0, failed: 0 };
const count = (held: boolean) => void checks[held ? "held" : "failed"]++;

/** Resolves to where the story is told, once it can begin. What real containers need is loaded for them only. */
async function openTheatre(): Promise<Theatre> {
  if (!real) return openSimulatedTheatre(screen, signal);
  const { openRealTheatre } = await import("./tour/theatre/real.ts");
  return openRealTheatre(screen, signal);
}

async function tour(): Promise<number> {
  const theatre = await openTheatre();
  const began = performance.now();
  const stopWatching = new AbortController();
  try {
    screen.output(/^(?:Kubernetes .*|ready in .*)$/gm[Symbol.match](theatre.announced)!.join("\n"));
    const { setting, site, request } = theatre;
    const live = watchCluster({ site, signal: AbortSignal.any([signal, stopWatching.signal]) });
    const stage = createStage({ screen, live, setting, site, request, signal, onCheck: count });
    stage.say("kubectl is the real one, unmodified. It finds the cluster through a kubeconfig of the tour's own.");
    await stage.type("kubectl get nodes");
    const story = (chapter === undefined ? undefined : CHAPTERS.get(chapter)) ?? theatre.story;
    for (const [i, step] of story.entries()) {
      screen.title(`${i + 1}. ${step.title}`);
      await Promise.race([step.play(stage), theatre.died]);
    }
  } finally {
    stopWatching.abort();
    screen.title("The end");
    screen.command("knarr down --purge");
    const left = await theatre.close();
    if (left.length === 0) screen.output("stopped, and nothing of it is left");
    for (const trace of left) screen.verdict(false, `left behind: ${trace}`);
    for (const _ of left) count(false);
  }
  return performance.now() - began;
}

try {
  const took = await tour();
  const { held, failed } = checks;
  screen.title(
    failed === 0
      ? `All ${held} checks held, in ${(took / 1000).toFixed(0)} s. Your own cluster: bin/knarr up`
      : `${failed} of ${held + failed} checks failed.`,
  );
  const others = names.filter((name) => name !== chapter).join(", ");
  screen.say(`Other chapters: npm run tour -- --chapter NAME, with ${others}.`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  const why = signal.aborted ? (signal.reason as Error) : error;
  screen.line([{ text: `tour: ${why instanceof Error ? why.message : String(why)}`, style: "red" }]);
  process.exitCode = signal.aborted ? INTERRUPTED : 1;
}
