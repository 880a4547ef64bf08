import type { AnyContainer } from "#kubelet";
import type { Pod } from "#objects";
import { interpretCommand, type CommandRun } from "./command.ts";
import { missingImage } from "./images.ts";
import { serverLog, taskLog } from "./made-up-log.ts";
import { programOf, taskMs } from "./task.ts";
import type { Timeline } from "./timeline.ts";

/**
 * What a simulated container does. Told by annotations of its pod, else by its image, else by its command, else
 * by what it is there for: an init container and a container that is not restarted when it succeeds do some work
 * and end; any other is a server: it starts, is ready and runs until it is stopped. See docs/simulated-nodes.md.
 */
export interface Behaviour {
  /** Why the image cannot be pulled. */
  readonly pullError?: string;
  readonly pullMs?: number;
  readonly startMs?: number;
  /** From start to answering readiness and startup probes; Infinity: never. */
  readonly readyMs: number;
  /** Answers liveness probes. */
  readonly healthy: boolean;
  /** Ends by itself after this long. */
  readonly exit?: CommandRun["exit"];
  /** What its command writes; absent: what a server or a task of its image would. */
  readonly output?: Timeline;
  /** It is there to do some work and end. */
  readonly task?: true;
  /** Does not end when asked to, only when killed. */
  readonly ignoresTerm: boolean;
  /** How long it takes to end when asked to. */
  readonly stopMs: number;
  /** The exit code then: servers end as they should, a shell and what it runs die of SIGTERM. */
  readonly stopCode: number;
}

export const ANNOTATION_PREFIX = "simulated.knarr.dev/";

const SERVER: Behaviour = { readyMs: 0, healthy: true, ignoresTerm: false, stopMs: 50, stopCode: 0 };
const SIGTERMED = 143;
const CRASH_AFTER_MS = 500;

/** Words in an image's name or tag that say that there is no such image. */
const MISSING = /(does-?not-?exist|non-?existent|no-such|not-?found|unpullable|invalid)/i;

/** Images that end at once when no command is given: there is no input for their shell. */
const SHELLS = new Set(["busybox", "alpine", "ubuntu", "debian", "bash", "centos", "fedora"]);

/** What an annotation says of a container: the one that names it, else the one for all of the pod's. */
export function sayingOf(
  { metadata: { annotations = {} } }: Pod,
  container: string,
  name: string,
): { readonly annotation: string; readonly value: string } | undefined {
  for (const annotation of [`${name}.${container}`, name]) {
    const value = annotations[`${ANNOTATION_PREFIX}${annotation}`];
    if (value !== undefined) return { annotation, value };
  }
  return undefined;
}

/** How a container behaves. Annotations may name one container: `simulated.knarr.dev/exit-code.web`. */
export function behaviourOf(pod: Pod, container: AnyContainer): Behaviour {
  const say = (name: string) => sayingOf(pod, container.name, name)?.value;
  const seconds = (name: string): number | undefined => {
    const text = say(name);
    const value = Number(text);
    return text !== undefined && text !== "" && value >= 0 && value < Infinity ? value * 1000 : undefined;
  };
  const { exit: ownExit, ...own } = byImage(container.image ?? "") ?? byCommand(container) ?? byDuty(pod, container);
  const goesOn = say("exit-after-seconds") === "never";
  const exitAfterMs = seconds("exit-after-seconds");
  const exitCode = say("exit-code");
  const exit = (code: number) => ({ afterMs: exitAfterMs ?? CRASH_AFTER_MS, code: Number(exitCode ?? code) & 0xff });
  const ends = exitAfterMs !== undefined || exitCode !== undefined ? exit(0) : ownExit;
  const behaviour: Behaviour = {
    ...own,
    ...given("pullMs", seconds("pull-seconds")),
    ...given("startMs", seconds("start-seconds")),
    ...given("readyMs", seconds("ready-seconds")),
    ...given("stopMs", seconds("stop-seconds")),
    // Programs that take their time to end have a handler for it.
    ...(seconds("stop-seconds") === undefined ? {} : { stopCode: 0 }),
    ...(ends && !goesOn ? { exit: ends } : {}),
  };
  switch (say("fail")) {
    case "pull":
      return { ...behaviour, pullError: missingImage(container.image ?? "") };
    case "crash":
      return { ...behaviour, exit: exit(1) };
    case "never-ready":
      return { ...behaviour, readyMs: Infinity };
    case "unhealthy":
      return { ...behaviour, healthy: false };
    case "ignore-term":
      return { ...behaviour, ignoresTerm: true };
    default:
      return behaviour;
  }
}

const given = <Key extends keyof Behaviour>(key: Key, ms: number | undefined): Partial<Behaviour> =>
  ms === undefined ? {} : { [key]: ms };

/** All that the container writes until it is stopped. */
export const timelineOf = (behaviour: Behaviour, name: string, image: string): Timeline =>
  behaviour.output ?? (behaviour.task ? taskLog : serverLog)(name, image, behaviour);

/** `simulate/crash:3`, `simulate/slow:20` and the like, and images whose name says that they are not there. */
function byImage(image: string): Behaviour | undefined {
  const [, what = "", tag = ""] = /(?:^|\/)simulate\/([a-z-]+)(?::(.*))?$/.exec(image) ?? [];
  const number = tag === "" || Number.isNaN(Number(tag)) ? undefined : Number(tag);
  switch (what) {
    case "unpullable":
      return { ...SERVER, pullError: missingImage(image) };
    case "crash":
      return { ...SERVER, exit: { afterMs: CRASH_AFTER_MS, code: (number ?? 1) & 0xff } };
    case "exit":
      return { ...SERVER, exit: { afterMs: CRASH_AFTER_MS, code: (number ?? 0) & 0xff } };
    case "never-ready":
      return { ...SERVER, readyMs: Infinity };
    case "slow":
      return { ...SERVER, readyMs: (number ?? 30) * 1000 };
    default:
      return MISSING.test(image) ? { ...SERVER, pullError: missingImage(image) } : undefined;
  }
}

function byCommand(container: AnyContainer): Behaviour | undefined {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  if (words.length > 0) {
    const run = interpretCommand(words);
    return run && { ...SERVER, stopCode: SIGTERMED, output: run.output, ...(run.exit ? { exit: run.exit } : {}) };
  }
  // A shell whose input stays open waits for it.
  if (!SHELLS.has(programOf(container.image ?? "")) || container.stdin) return undefined;
  return { ...SERVER, output: { lines: [] }, exit: { afterMs: 20, code: 0 } };
}

function byDuty(pod: Pod, container: AnyContainer): Behaviour {
  const afterMs = taskMs(pod, container);
  // Stopped before its end it has not done its work: it must not look as if it had.
  return afterMs === undefined ? SERVER : { ...SERVER, task: true, stopCode: SIGTERMED, exit: { afterMs, code: 0 } };
}
