import { sleep, type Clock, type Random } from "#base";
import { RuntimeError, type AdoptedContainer, type AdoptedPod, type AnyContainer, type Runtime } from "#kubelet";
import { containerStatuses, findCondition, type Pod } from "#objects";
import { behaviourOf } from "./behaviour.ts";
import { interpretCommand } from "./command.ts";
import { describeRun, reportRunning, SimulatedContainer } from "./container.ts";
import { SimulatedImages } from "./image-store.ts";
import { outcomeOf } from "./probe.ts";
import { restoreContainer } from "./restore.ts";
import { ContainerRuns } from "./runs.ts";
import { SimulatedSandboxes } from "./sandboxes.ts";
import { courseOf, UsageMeters, type BadUsage } from "./usage.ts";

export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly podCidr: string;
  readonly nodeIp: string;
  /** How long things take; see {@link TIMES}. */
  readonly times?: Partial<SimulatedTimes>;
  /** A pod as it is by now; default: as it was when its container started. */
  readonly current?: (pod: Pod) => Pod | undefined;
  /** Told of annotations that say what a container uses and cannot be read. */
  readonly onBadUsage?: (pod: Pod, bad: BadUsage) => void;
}

/** Milliseconds, about: each single one varies by a quarter. */
export interface SimulatedTimes {
  readonly sandbox: number;
  readonly pull: number;
  readonly start: number;
}

/** Believable on a laptop with a fast line. */
export const TIMES: SimulatedTimes = { sandbox: 150, pull: 600, start: 100 };
/** Runs containers that are nothing but timers. */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions): Runtime {
  const { clock, random } = options;
  const times = { ...TIMES, ...options.times };
  const closing = new AbortController();
  const rest = (ms: number) => sleep(clock, ms, closing.signal);
  const about = (ms: number) => ms * (0.75 + random.next() / 2);
  const newId = () => `simulated://${random.uuid().replaceAll("-", "")}${random.uuid().replaceAll("-", "")}`;
  const images = new SimulatedImages({ rest, pullMs: () => about(times.pull) });
  const sandboxes = new SimulatedSandboxes({ ...options, newId });
  const runs = new ContainerRuns();
  const { current = (pod) => pod, onBadUsage = () => {} } = options;
  const meters = new UsageMeters(onBadUsage);

  return {
    version: "simulated://1.36",
    adopt: (pod) => Promise.resolve(adopt(pod, { clock, images, sandboxes, runs })),
    async createSandbox(pod) {
      await rest(about(times.sandbox));
      return sandboxes.create(pod);
    },
    stopSandbox(id) {
      sandboxes.remove(id);
      return Promise.resolve();
    },
    removePod(pod) {
      runs.removePod(pod);
      return Promise.resolve();
    },
    imageId: (image) => Promise.resolve(images.idOf(image)),
    pullImage(image, pod) {
      const container = allContainers(pod).find((candidate) => candidate.image === image);
      return images.pull(image, container && behaviourOf(pod, container));
    },
    images: () => images.all(),
    async startContainer({ pod, container, attempt }) {
      await rest(behaviourOf(pod, container).startMs ?? about(times.start));
      const run = { clock, id: newId(), attempt, startedAt: clock.now() };
      const started = new SimulatedContainer(describeRun(pod, container, run));
      runs.add(pod, started);
      for (const resource of ["cpu", "memory"] as const) {
        courseOf(pod, container, resource, (bad) => onBadUsage(pod, bad));
      }
      return reportRunning(started, container);
    },
    stopContainer: (id, graceSeconds) => runs.get(id)?.stop(graceSeconds) ?? Promise.resolve(),
    probe: (request) => Promise.resolve(outcomeOf(runs.get(request.id), request)),
    async runHook(id, { exec }, _pod, signal) {
      const run = exec?.command ? interpretCommand(exec.command) : undefined;
      if (!run?.exit) return;
      await sleep(clock, run.exit.afterMs, AbortSignal.any([signal, closing.signal]));
      if (run.exit.code !== 0) throw new RuntimeError("FailedHook", `command exited with ${run.exit.code}`);
    },
    logs: (id, wanted) => runs.get(id)?.logs(wanted) ?? nothing(),
    stats: () => Promise.resolve(meters.read(runningNow(runs, current), clock.now())),
    close() {
      closing.abort(new Error("the simulation is closed"));
      for (const container of runs.all()) container.freeze();
      return Promise.resolve();
    },
  };
}

function* runningNow(runs: ContainerRuns, current: (pod: Pod) => Pod | undefined) {
  for (const { pod, run } of runs.running()) yield { pod: current(pod) ?? pod, run };
}

interface NodeState {
  readonly clock: Clock;
  readonly images: SimulatedImages;
  readonly sandboxes: SimulatedSandboxes;
  readonly runs: ContainerRuns;
}

/** Takes over what an earlier process ran of the pod, as its status says. */
function adopt(pod: Pod, { clock, images, sandboxes, runs }: NodeState): AdoptedPod | undefined {
  const ip = pod.status?.podIP;
  const hasSandbox = findCondition(pod.status?.conditions, "PodReadyToStartContainers")?.status === "True";
  if (!ip || !hasSandbox) return undefined;
  const sandbox = sandboxes.adopt(pod, ip);
  const specs = new Map(allContainers(pod).map((container) => [container.name, container]));
  const containers = new Map<string, AdoptedContainer>();
  for (const status of containerStatuses(pod)) {
    const spec = specs.get(status.name);
    const restored = spec && restoreContainer(pod, spec, status, clock);
    if (!restored) continue;
    for (const run of restored.runs) runs.add(pod, run);
    if (restored.adopted.state === "running") images.add(spec.image ?? "");
    containers.set(status.name, restored.adopted);
  }
  return { sandbox, containers };
}

async function* nothing(): AsyncGenerator<never> {}

const allContainers = ({ spec }: Pod): AnyContainer[] => [
  ...(spec?.containers ?? []),
  ...(spec?.initContainers ?? []),
  ...(spec?.ephemeralContainers ?? []),
];
