import { sleep, type Clock, type Random } from "#base";
import {
  RuntimeError,
  type AdoptedContainer,
  type AnyContainer,
  type NodeImage,
  type ProbeOutcome,
  type ProbeRequest,
  type Runtime,
} from "#kubelet";
import {
  containerStatuses,
  findCondition,
  fullImageName,
  type ContainerStateTerminated,
  type ContainerStatus,
  type Pod,
} from "#objects";
import { createAddressPool } from "./addresses.ts";
import { behaviourOf } from "./behaviour.ts";
import { interpretCommand } from "./command.ts";
import { SimulatedContainer, type SimulatedContainerOptions } from "./container.ts";
import { describeImage, imageIdOf } from "./images.ts";

export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly podCidr: string;
  readonly nodeIp: string;
  /** How long things take; see {@link TIMES}. */
  readonly times?: Partial<SimulatedTimes>;
}

/** Milliseconds, about: each single one varies by a quarter. */
export interface SimulatedTimes {
  readonly sandbox: number;
  readonly pull: number;
  readonly start: number;
}

/** Believable on a laptop with a fast line. */
export const TIMES: SimulatedTimes = { sandbox: 150, pull: 600, start: 100 };
/** Asking the registry whether an image that is there is still the newest. */
const CHECK_MS = 20;
/** Runs of one container that are kept: the one that runs, and the one before for its log. */
const KEPT_RUNS = 2;

/** Runs containers that are nothing but timers. */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions): Runtime {
  const { clock, random } = options;
  const times = { ...TIMES, ...options.times };
  const addresses = createAddressPool(options.podCidr);
  const images = new Map<string, NodeImage>();
  const pulling = new Map<string, Promise<void>>();
  const sandboxes = new Map<string, readonly string[]>();
  const containers = new Map<string, SimulatedContainer>();
  /** Containers by their pod's uid. */
  const ofPod = new Map<string, SimulatedContainer[]>();

  const closing = new AbortController();
  const rest = (ms: number) => sleep(clock, ms, closing.signal);
  const about = (ms: number) => ms * (0.75 + random.next() / 2);
  const newId = () => `simulated://${random.uuid().replaceAll("-", "")}${random.uuid().replaceAll("-", "")}`;
  const hostNetwork = (pod: Pod) => pod.spec?.hostNetwork === true;

  const add = (pod: Pod, container: SimulatedContainer) => {
    const { uid = "" } = pod.metadata;
    const all = ofPod.get(uid) ?? [];
    const kept = all.filter(({ name, attempt }) => name !== container.name || attempt > container.attempt - KEPT_RUNS);
    for (const old of all) if (!kept.includes(old)) containers.delete(old.id);
    ofPod.set(uid, [...kept, container]);
    containers.set(container.id, container);
  };
  const describe = (pod: Pod, container: AnyContainer, id: string, attempt: number, startedAt: number) => ({
    clock,
    id,
    name: container.name,
    image: container.image ?? "",
    attempt,
    startedAt,
    behaviour: behaviourOf(pod, container),
    logsAsMessage: container.terminationMessagePolicy === "FallbackToLogsOnError",
  });
  const running = (container: SimulatedContainer, { image = "", readinessProbe }: AnyContainer) => {
    const ready = readinessProbe ? undefined : container.ready;
    return {
      id: container.id,
      startedAt: container.startedAt,
      image: fullImageName(image),
      user: { linux: { uid: 0, gid: 0, supplementalGroups: [0] } },
      exited: container.exited,
      ...(ready ? { ready } : {}),
    };
  };

  /** A run that has ended, as a status describes it. */
  const restoreEnded = (pod: Pod, container: AnyContainer, ended: ContainerStateTerminated, attempt: number) => {
    const began = Date.parse(ended.startedAt ?? "");
    const startedAt = Number.isNaN(began) ? 0 : began;
    const described = describe(pod, container, ended.containerID ?? "", attempt, startedAt);
    const exit = {
      id: described.id,
      exitCode: ended.exitCode,
      reason: ended.reason ?? "Error",
      ...(ended.message ? { message: ended.message } : {}),
      startedAt,
      finishedAt: endOf(described, ended.exitCode, Date.parse(ended.finishedAt ?? "") || startedAt),
    };
    add(pod, new SimulatedContainer({ ...described, ended: exit }));
    return exit;
  };
  /** A container as its pod's status describes it: that is all that is left of an earlier process. */
  const restore = (pod: Pod, container: AnyContainer, status: ContainerStatus): AdoptedContainer | undefined => {
    const { state, lastState, restartCount: attempt, containerID } = status;
    const last = lastState?.terminated;
    if (state?.running && containerID) {
      if (last?.containerID) restoreEnded(pod, container, last, attempt - 1);
      const startedAt = Date.parse(state.running.startedAt ?? "") || clock.now();
      const restored = new SimulatedContainer(describe(pod, container, containerID, attempt, startedAt));
      add(pod, restored);
      images.set(container.image ?? "", describeImage(container.image ?? ""));
      return { state: "running", attempt, container: running(restored, container), imageId: status.imageID };
    }
    const ended = state?.terminated ?? last;
    if (!ended?.containerID) return undefined;
    return { state: "exited", attempt, exit: restoreEnded(pod, container, ended, attempt) };
  };

  return {
    version: "simulated://1.36",
    adopt(pod) {
      const ip = pod.status?.podIP;
      const hasSandbox = findCondition(pod.status?.conditions, "PodReadyToStartContainers")?.status === "True";
      if (!ip || !hasSandbox) return Promise.resolve(undefined);
      if (!hostNetwork(pod)) addresses.take(ip);
      const sandbox = { id: newId(), ips: [ip] };
      sandboxes.set(sandbox.id, sandbox.ips);
      const specs = new Map(allContainers(pod).map((container) => [container.name, container]));
      const restored = containerStatuses(pod).flatMap((status) => {
        const spec = specs.get(status.name);
        const adopted = spec && restore(pod, spec, status);
        return adopted ? [[status.name, adopted] as const] : [];
      });
      return Promise.resolve({ sandbox, containers: new Map(restored) });
    },
    async createSandbox(pod) {
      await rest(about(times.sandbox));
      const ip = hostNetwork(pod) ? options.nodeIp : addresses.take();
      if (ip === undefined) {
        throw new RuntimeError("FailedCreatePodSandBox", `no IP addresses available in range set: ${options.podCidr}`);
      }
      const sandbox = { id: newId(), ips: [ip] };
      sandboxes.set(sandbox.id, sandbox.ips);
      return sandbox;
    },
    stopSandbox(id) {
      for (const ip of sandboxes.get(id) ?? []) addresses.release(ip);
      sandboxes.delete(id);
      return Promise.resolve();
    },
    removePod(pod) {
      const { uid = "" } = pod.metadata;
      for (const { id } of ofPod.get(uid) ?? []) containers.delete(id);
      ofPod.delete(uid);
      return Promise.resolve();
    },
    imageId: (image) => Promise.resolve(images.has(image) ? imageIdOf(image) : undefined),
    async pullImage(image, pod) {
      const container = allContainers(pod).find((candidate) => candidate.image === image);
      const behaviour = container && behaviourOf(pod, container);
      if (behaviour?.pullError) {
        await rest(about(times.pull / 2));
        throw new RuntimeError("ErrImagePull", behaviour.pullError);
      }
      // What is there already is only checked; what is on its way comes once for all who wait.
      const arriving =
        pulling.get(image) ?? rest(images.has(image) ? CHECK_MS : (behaviour?.pullMs ?? about(times.pull)));
      pulling.set(image, arriving);
      await arriving;
      pulling.delete(image);
      const described = images.get(image) ?? describeImage(image);
      images.set(image, described);
      return { id: imageIdOf(image), bytes: described.bytes };
    },
    images: () => [...images.values()],
    async startContainer({ pod, container, attempt }) {
      await rest(behaviourOf(pod, container).startMs ?? about(times.start));
      const started = new SimulatedContainer(describe(pod, container, newId(), attempt, clock.now()));
      add(pod, started);
      return running(started, container);
    },
    stopContainer: (id, graceSeconds) => containers.get(id)?.stop(graceSeconds) ?? Promise.resolve(),
    probe: (request) => Promise.resolve(outcomeOf(containers.get(request.id), request)),
    async runHook(id, { exec }, _pod, signal) {
      const run = exec?.command ? interpretCommand(exec.command) : undefined;
      if (!run?.exit) return;
      await sleep(clock, run.exit.afterMs, AbortSignal.any([signal, closing.signal]));
      if (run.exit.code !== 0) throw new RuntimeError("FailedHook", `command exited with ${run.exit.code}`);
    },
    logs: (id, wanted) => containers.get(id)?.logs(wanted) ?? nothing(),
    close() {
      closing.abort(new Error("the simulation is closed"));
      for (const container of containers.values()) container.freeze();
      return Promise.resolve();
    },
  };
}

/** A status has whole seconds: a container that ended by itself did so in that second, after it had said its last. */
function endOf({ behaviour, startedAt }: SimulatedContainerOptions, exitCode: number, second: number): number {
  const planned = behaviour.exit?.code === exitCode ? startedAt + behaviour.exit.afterMs : second;
  return planned >= second && planned < second + 1000 ? planned : second;
}

async function* nothing(): AsyncGenerator<never> {}

const allContainers = ({ spec }: Pod): AnyContainer[] => [
  ...(spec?.containers ?? []),
  ...(spec?.initContainers ?? []),
  ...(spec?.ephemeralContainers ?? []),
];

function outcomeOf(container: SimulatedContainer | undefined, request: ProbeRequest): ProbeOutcome {
  if (!container?.running) return { result: "failure", message: "container is not running" };
  const { behaviour, answers } = container;
  // A container that never gets ready is alive all the same.
  const success =
    request.kind === "liveness" ? behaviour.healthy && (answers || behaviour.readyMs === Infinity) : answers;
  return success ? { result: "success", steadyUntil: Infinity } : { result: "failure", message: failureText(request) };
}

/** As a prober words an application that does not answer yet. */
function failureText({ probe, ip = "" }: ProbeRequest): string {
  const { exec, grpc, httpGet, tcpSocket } = probe;
  if (exec) return "";
  const port = httpGet?.port ?? tcpSocket?.port ?? grpc?.port ?? 0;
  const refused = `dial tcp ${httpGet?.host ?? tcpSocket?.host ?? ip}:${port}: connect: connection refused`;
  if (!httpGet) return refused;
  const url = `${(httpGet.scheme ?? "HTTP").toLowerCase()}://${httpGet.host ?? ip}:${port}${httpGet.path ?? "/"}`;
  return `Get "${url}": ${refused}`;
}
