import type { Pod } from "#objects";
import type { AnyContainer } from "#kubelet";
import { interpretCommand } from "./command.ts";

/**
 * What a simulated container does. Told by annotations of its pod, else by its image, else by its command, else
 * as a server does: it starts, is ready and runs until it is stopped. See docs/simulated-nodes.md.
 */
export interface Behaviour {
  /** Why the image cannot be pulled. */
  readonly pullError?: string;
  readonly pullMs?: number;
  readonly startMs?: number;
  /** From start to answering probes; Infinity: never. */
  readonly readyMs: number;
  /** Ends by itself after this long. */
  readonly exit?: { readonly afterMs: number; readonly code: number };
  /** Lines that it writes, and when after its start. */
  readonly output: readonly { readonly afterMs: number; readonly text: string }[];
  /** Does not end when asked to, only when killed. */
  readonly ignoresTerm: boolean;
  /** How long it takes to end when asked to. */
  readonly stopMs: number;
}

export const ANNOTATION_PREFIX = "simulated.knarr.dev/";

const SERVER: Behaviour = { readyMs: 0, output: [], ignoresTerm: false, stopMs: 50 };
const CRASH_AFTER_MS = 500;

/** Words in an image's name or tag that say that there is no such image. */
const MISSING = /(does-?not-?exist|non-?existent|no-such|not-?found|unpullable|invalid)/i;

/** Images that end at once when no command is given: there is no terminal for their shell. */
const SHELLS = new Set(["busybox", "alpine", "ubuntu", "debian", "bash", "centos", "fedora"]);

/** How a container behaves. Annotations may name one container: `simulated.knarr.dev/exit-code.web`. */
export function behaviourOf(pod: Pod, container: AnyContainer): Behaviour {
  const annotations = pod.metadata.annotations ?? {};
  const say = (name: string) =>
    annotations[`${ANNOTATION_PREFIX}${name}.${container.name}`] ?? annotations[`${ANNOTATION_PREFIX}${name}`];
  const seconds = (name: string): number | undefined => {
    const value = Number(say(name));
    return say(name) !== undefined && Number.isFinite(value) && value >= 0 ? value * 1000 : undefined;
  };

  let behaviour = byImage(container.image ?? "") ?? byCommand(container) ?? SERVER;
  const pullMs = seconds("pull-seconds");
  const startMs = seconds("start-seconds");
  const readyMs = seconds("ready-seconds");
  const stopMs = seconds("stop-seconds");
  const exitAfterMs = seconds("exit-after-seconds");
  const exitCode = say("exit-code");
  behaviour = {
    ...behaviour,
    ...(pullMs === undefined ? {} : { pullMs }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(readyMs === undefined ? {} : { readyMs }),
    ...(stopMs === undefined ? {} : { stopMs }),
    ...(exitAfterMs === undefined && exitCode === undefined
      ? {}
      : { exit: { afterMs: exitAfterMs ?? CRASH_AFTER_MS, code: Number(exitCode ?? 0) & 0xff } }),
  };
  switch (say("fail")) {
    case "pull":
      return { ...behaviour, pullError: missingImage(container.image ?? "") };
    case "crash":
      return { ...behaviour, exit: { afterMs: exitAfterMs ?? CRASH_AFTER_MS, code: Number(exitCode ?? 1) & 0xff } };
    case "never-ready":
      return { ...behaviour, readyMs: Infinity };
    case "ignore-term":
      return { ...behaviour, ignoresTerm: true };
    default:
      return behaviour;
  }
}

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
    return run && { ...SERVER, output: run.output, ...(run.exit ? { exit: run.exit } : {}) };
  }
  const name = (container.image ?? "").split("/").at(-1)!.split(/[:@]/)[0]!;
  return SHELLS.has(name) ? { ...SERVER, exit: { afterMs: 20, code: 0 } } : undefined;
}

/** As containerd words a missing repository. */
function missingImage(image: string): string {
  const named = /^[^/]+[.:][^/]*\//.test(image)
    ? image
    : image.includes("/")
      ? `docker.io/${image}`
      : `docker.io/library/${image}`;
  const full = /:[^/]*$/.test(named) ? named : `${named}:latest`;
  const repository = full.slice(full.indexOf("/") + 1, full.lastIndexOf(":"));
  return `failed to pull and unpack image "${full}": failed to resolve reference "${full}": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed (${repository} is simulated)`;
}
