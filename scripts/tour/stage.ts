import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "#objects";
import { deploymentManifest, type DeploymentOptions } from "./manifests.ts";
import { run, wordsOf, type Outcome } from "./process.ts";
import { rolloutView } from "./rollout-view.ts";
import { podsView } from "./pods-view.ts";
import type { LiveView, Screen } from "./screen.ts";
import type { Setting } from "./setting.ts";
import { commandAt, type Site } from "../../test/support/rollout/site.ts";
import { trafficView, type Clients, type Seen, type TrafficView } from "./traffic.ts";
import { versionsOf } from "../../test/support/rollout/versions.ts";
import type { LiveCluster } from "../../test/support/rollout/live-cluster.ts";

/** One scene of the tour. */
export interface Step {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<void>;
}

/** What a step is told with: commands, explanations, live tables and checks. */
export interface Stage {
  readonly live: LiveCluster;
  readonly setting: Setting;
  /** Whether what runs in Pods answers: simulated containers are no servers. */
  readonly answers: boolean;
  /** Where the commands run: a directory that is removed in the end. */
  readonly dir: string;
  say(text: string): void;
  /** Writes a manifest where the commands find it. */
  file(name: string, text: string): Promise<void>;
  /** A Deployment of web servers as the setting has them, unless `container` says otherwise. */
  deployment(options: Omit<DeploymentOptions, "progressDeadlineSeconds">): string;
  /** Shows the command line, runs it (`kubectl` and what follows), and shows what it printed. */
  type(line: string): Promise<Outcome>;
  /** Runs a command line unseen, to look whether something has come about. */
  look(line: string): Promise<Outcome>;
  /** Runs kubectl unseen, for a check; resolves to the object that it printed. */
  read<T>(args: string): Promise<T>;
  /** Shows the Deployments live until the condition holds; a condition that never does fails the check named by it. */
  watch(names: readonly string[], what: string, until: () => boolean): Promise<void>;
  /** The same of the Pods with the label `app`. */
  watchPods(app: string, what: string, until: () => boolean): Promise<void>;
  /** Looks again and again until it holds; what never does fails the check named by it. */
  wait(what: string, until: () => Promise<boolean>, patienceMs?: number): Promise<void>;
  /**
   * Plays while clients keep requesting the Service, which shows in the live tables. Resolves to what they saw;
   * undefined where nothing answers.
   */
  requesting(service: string, play: () => Promise<void>): Promise<Seen | undefined>;
  check(what: string, held: boolean): void;
}

export interface StageOptions {
  readonly screen: Screen;
  readonly live: LiveCluster;
  readonly setting: Setting;
  readonly site: Site;
  /** Starts to request `http://<address>/version`. Without it, nothing answers here. */
  readonly request?: ((url: string) => Clients) | undefined;
  readonly signal: AbortSignal;
  readonly onCheck: (held: boolean) => void;
}

const BETWEEN_LOOKS_MS = 100;
/** So many before something happens, and after it: what is seen of it stands between. */
const REQUESTS_AROUND = 20;

export function createStage({ screen, live, setting, site, request, signal, onCheck }: StageOptions): Stage {
  const now = () => performance.now();
  const call = (line: string) => {
    const [name = "", ...args] = wordsOf(line);
    return run(...commandAt(site, name, args), { cwd: site.dir, env: site.env, signal });
  };
  const read = async <T>(args: string) => {
    const { code, stdout, stderr } = await call(`kubectl ${args} --output json`);
    if (code !== 0) throw new Error(`kubectl ${args}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  const check = (what: string, held: boolean) => {
    screen.verdict(held, what);
    onCheck(held);
  };
  const follow = async (view: LiveView, what: string, until: () => boolean) =>
    check(what, await shown(screen, view, () => live.until(until, setting.patienceMs)));
  let traffic: TrafficView | undefined;
  return {
    live,
    setting,
    answers: request !== undefined,
    dir: site.dir,
    say: (text) => screen.say(text),
    file: (name, text) => writeFile(join(site.dir, name), text),
    deployment: (options) =>
      deploymentManifest({
        container: setting.container,
        progressDeadlineSeconds: setting.progressDeadlineSeconds,
        ...options,
      }),
    async type(line) {
      screen.command(line);
      const outcome = await call(line);
      screen.output(outcome.stdout + outcome.stderr);
      return outcome;
    },
    look: call,
    read,
    watch: (names, what, until) => follow(rolloutView(live, names, now, traffic), what, until),
    watchPods: (app, what, until) => follow(podsView(live, app, now), what, until),
    async wait(what, until, patienceMs = setting.patienceMs) {
      const deadline = now() + patienceMs;
      let held = await until();
      while (!held && now() < deadline) {
        await delay(BETWEEN_LOOKS_MS, undefined, { signal });
        held = await until();
      }
      check(what, held);
    },
    async requesting(service, play) {
      if (!request) {
        await play();
        return undefined;
      }
      const { spec, status } = await read<Service>(`get service ${service}`);
      const address = status?.loadBalancer?.ingress?.[0]?.ip ?? spec?.clusterIP;
      screen.say(`Meanwhile clients keep requesting http://${address}/version.`);
      const clients = request(`http://${address}/version`);
      try {
        await unlessAborted(clients.more(REQUESTS_AROUND), signal);
        const images = () => versionsOf(live, service).map(({ image }) => image);
        traffic = trafficView(clients, now, (body) => images().find((image) => image.endsWith(`:${body}`)) ?? body);
        await play();
        await unlessAborted(clients.more(REQUESTS_AROUND), signal);
        screen.output(traffic.total());
      } finally {
        traffic = undefined;
        await clients.stop();
      }
      return clients.soFar();
    },
    check,
  };
}

/** Rejects as soon as the tour is stopped, whatever becomes of the promise. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Shows the view live until it has come about, or has not. */
async function shown(screen: Screen, view: LiveView, until: () => Promise<boolean>): Promise<boolean> {
  const finish = screen.live(view);
  try {
    return await until();
  } finally {
    finish();
  }
}
