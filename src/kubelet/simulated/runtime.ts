import { sleep, type Clock, type Random, type Timer } from "#base";
import {
  RuntimeError,
  type ContainerExit,
  type LogLine,
  type NodeImage,
  type ProbeOutcome,
  type Runtime,
} from "#kubelet";
import type { Pod, Probe } from "#objects";
import { createAddressPool } from "./addresses.ts";
import { behaviourOf, type Behaviour } from "./behaviour.ts";

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

interface SimulatedContainer {
  readonly behaviour: Behaviour;
  readonly startedAt: number;
  readonly log: LogLine[];
  exit: Timer | undefined;
  running: boolean;
  readonly whenEnded: PromiseWithResolvers<void>;
}

const SIGKILLED = 137;
const SIGTERMED = 143;
const NEVER_READY_PROBE: Probe = { periodSeconds: 10, failureThreshold: 3, successThreshold: 1, timeoutSeconds: 1 };

/** Runs containers that are nothing but timers. */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions): Runtime {
  const { clock, random } = options;
  const times = { ...TIMES, ...options.times };
  const addresses = createAddressPool(options.podCidr);
  const images = new Map<string, NodeImage>();
  const pulling = new Map<string, Promise<void>>();
  const sandboxes = new Map<string, readonly string[]>();
  const containers = new Map<string, SimulatedContainer>();
  let notify: (exit: ContainerExit) => void = () => {};
  let closed = false;

  const about = (ms: number) => ms * (0.75 + random.next() / 2);
  const newId = () => `simulated://${random.uuid().replaceAll("-", "")}${random.uuid().replaceAll("-", "")}`;

  const end = (id: string, exitCode: number) => {
    const container = containers.get(id);
    if (!container?.running) return;
    container.running = false;
    container.exit?.cancel();
    container.whenEnded.resolve();
    if (!closed) notify({ id, exitCode, reason: exitCode === 0 ? "Completed" : "Error", finishedAt: clock.now() });
  };

  const begin = (id: string, behaviour: Behaviour, startedAt: number) => {
    const container: SimulatedContainer = {
      behaviour,
      startedAt,
      log: behaviour.output.map(({ afterMs, text }) => ({ time: startedAt + afterMs, stream: "stdout", text })),
      exit: undefined,
      running: true,
      whenEnded: Promise.withResolvers<void>(),
    };
    containers.set(id, container);
    if (behaviour.exit) {
      const { afterMs, code } = behaviour.exit;
      container.exit = clock.setTimeout(() => end(id, code), Math.max(1, startedAt + afterMs - clock.now()));
    }
  };

  const hostNetwork = (pod: Pod) => pod.spec?.hostNetwork === true;

  return {
    version: "simulated://1.36",
    adopt(pod) {
      const ip = pod.status?.podIP;
      const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
      const running = statuses.filter(({ state, containerID }) => state?.running && containerID);
      if (!ip || running.length === 0) return Promise.resolve(undefined);
      if (!hostNetwork(pod)) addresses.take(ip);
      const sandbox = { id: newId(), ips: [ip] };
      sandboxes.set(sandbox.id, sandbox.ips);
      const { containers: main = [], initContainers = [] } = pod.spec ?? {};
      const adopted = running.flatMap((status) => {
        const container = [...main, ...initContainers].find(({ name }) => name === status.name);
        if (!container) return [];
        const startedAt = Date.parse(status.state!.running!.startedAt ?? "");
        begin(status.containerID!, behaviourOf(pod, container), startedAt);
        images.set(container.image ?? "", describeImage(container.image ?? ""));
        return [[status.name, { id: status.containerID!, startedAt, imageId: status.imageID }] as const];
      });
      return Promise.resolve({ sandbox, running: new Map(adopted) });
    },
    async createSandbox(pod) {
      await sleep(clock, about(times.sandbox));
      const ip = hostNetwork(pod) ? options.nodeIp : addresses.take();
      if (ip === undefined) {
        throw new RuntimeError("FailedCreatePodSandBox", `no IP addresses available in range set: ${options.podCidr}`);
      }
      const sandbox = { id: newId(), ips: [ip] };
      sandboxes.set(sandbox.id, sandbox.ips);
      return sandbox;
    },
    removeSandbox(id) {
      for (const ip of sandboxes.get(id) ?? []) addresses.release(ip);
      sandboxes.delete(id);
      return Promise.resolve();
    },
    imageId: (image) => Promise.resolve(images.has(image) ? imageIdOf(image) : undefined),
    async pullImage(image, pod) {
      const container = allContainers(pod).find((candidate) => candidate.image === image);
      const behaviour = container && behaviourOf(pod, container);
      if (behaviour?.pullError) {
        await sleep(clock, about(times.pull / 2));
        throw new RuntimeError("ErrImagePull", behaviour.pullError);
      }
      // What is there already is only checked; what is on its way comes once for all who wait.
      const arriving =
        pulling.get(image) ?? sleep(clock, images.has(image) ? 20 : (behaviour?.pullMs ?? about(times.pull)));
      pulling.set(image, arriving);
      await arriving;
      pulling.delete(image);
      const described = describeImage(image);
      images.set(image, described);
      return { id: imageIdOf(image), bytes: described.bytes };
    },
    images: () => [...images.values()],
    async startContainer({ pod, container }) {
      const behaviour = behaviourOf(pod, container);
      await sleep(clock, behaviour.startMs ?? about(times.start));
      const id = newId();
      const startedAt = clock.now();
      begin(id, behaviour, startedAt);
      return { id, startedAt };
    },
    async stopContainer(id, graceSeconds) {
      const container = containers.get(id);
      if (!container?.running) return;
      const { ignoresTerm, stopMs } = container.behaviour;
      const graceMs = graceSeconds * 1000;
      const obeys = !ignoresTerm && stopMs <= graceMs;
      const timer = clock.setTimeout(
        () => end(id, obeys ? (stopMs === 0 ? SIGTERMED : 0) : SIGKILLED),
        obeys ? stopMs : graceMs,
      );
      await container.whenEnded.promise;
      timer.cancel();
    },
    probe(id): Promise<ProbeOutcome> {
      const container = containers.get(id);
      if (!container?.running) return Promise.resolve({ success: false, message: "container is not running" });
      const readyAt = container.startedAt + container.behaviour.readyMs;
      return Promise.resolve(
        clock.now() >= readyAt
          ? { success: true, steadyUntil: Infinity }
          : { success: false, message: "the simulated application does not answer yet", steadyUntil: readyAt },
      );
    },
    implicitReadinessProbe(pod, container) {
      return behaviourOf(pod, container).readyMs > 0 ? NEVER_READY_PROBE : undefined;
    },
    logs(id) {
      const container = containers.get(id);
      return container ? container.log.filter(({ time }) => time <= clock.now()) : [];
    },
    onExit(listener) {
      notify = listener;
    },
    close() {
      closed = true;
      for (const container of containers.values()) container.exit?.cancel();
      return Promise.resolve();
    },
  };
}

const allContainers = ({ spec }: Pod) => [
  ...(spec?.containers ?? []),
  ...(spec?.initContainers ?? []),
  ...(spec?.ephemeralContainers ?? []),
];

/** FNV-1a, 32 bit: the same image has the same id and size on every node. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

const imageIdOf = (image: string) => {
  const digest = Array.from({ length: 8 }, (_, i) => hash(`${image}#${i}`).toString(16).padStart(8, "0")).join("");
  return `${image.split("@")[0]!.replace(/:[^/:]*$/, "")}@sha256:${digest}`;
};

function describeImage(image: string): NodeImage {
  const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  return { names: [imageIdOf(image), tagged], bytes: 5_000_000 + (hash(image) % 120_000_000) };
}
