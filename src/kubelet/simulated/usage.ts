/** What simulated containers are said to use: nothing is measured, and the figures add up as measured ones do. */
import type { AnyContainer, ContainerUsage, NodeStats } from "#kubelet";
import { approximateQuantity, parseDuration, parseQuantity, type Pod } from "#objects";
import { sayingOf } from "./behaviour.ts";
import type { SimulatedContainer } from "./container.ts";

/** An amount, from so many milliseconds after the container's start on. */
export interface Stretch {
  readonly fromMs: number;
  readonly amount: number;
}

/** An amount over time: stretches in order, the first from 0. */
export type Course = readonly Stretch[];

/** What a container uses of which nothing is said: that of a server without clients. */
export const IDLE = { cpu: "1m", memory: "16Mi" } as const;
/** What a node uses beside its containers. */
const SYSTEM = { cores: 0.05, bytes: 512 * 2 ** 20 } as const;

export type UsedResource = keyof typeof IDLE;

/**
 * Reads `200m`, or over time `10m@0s,200m@30s,50m@2m`: each amount from that time after the container's start on. An
 * amount without a time stands first and holds from the start on.
 *
 * @throws Error that says what is wrong.
 */
export function parseCourse(text: string): Course {
  const course: Stretch[] = [];
  for (const part of text.split(",").map((piece) => piece.trim())) {
    const at = part.indexOf("@");
    const amount = approximateQuantity(readQuantity(at < 0 ? part : part.slice(0, at)));
    const fromMs = at < 0 ? 0 : readDuration(part.slice(at + 1));
    const previous = course.at(-1);
    if (amount < 0) throw new Error(`${part}: an amount must not be negative`);
    if (!previous && fromMs > 0) throw new Error(`${part}: the first amount must hold from 0s on`);
    if (previous && fromMs <= previous.fromMs) throw new Error(`${part}: its time must be after the one before`);
    course.push({ fromMs, amount });
  }
  return course;
}

function readQuantity(text: string) {
  try {
    return parseQuantity(text);
  } catch {
    throw new Error(`${JSON.stringify(text)} is not a quantity`);
  }
}

function readDuration(text: string): number {
  try {
    const ms = parseDuration(text.trim());
    if (ms >= 0) return ms;
  } catch {
    // Said below.
  }
  throw new Error(`${JSON.stringify(text)} is not a time after the start, such as 30s or 2m`);
}

/** The amount at a time after the start. */
export const amountAt = (course: Course, ms: number): number =>
  course.findLast(({ fromMs }) => fromMs <= ms)?.amount ?? course[0]?.amount ?? 0;

/** The amount times the milliseconds between two times after the start. */
export function amountBetween(course: Course, fromMs: number, untilMs: number): number {
  return course.reduce((sum, { fromMs: start, amount }, at) => {
    const end = course[at + 1]?.fromMs ?? Infinity;
    return sum + amount * Math.max(0, Math.min(end, untilMs) - Math.max(start, fromMs));
  }, 0);
}

/** An annotation that cannot be read. */
export interface BadUsage {
  /** Without the prefix: `cpu`, or `cpu.web` where it names the container. */
  readonly annotation: string;
  readonly problem: string;
}

const IDLE_COURSES: Readonly<Record<UsedResource, Course>> = {
  cpu: parseCourse(IDLE.cpu),
  memory: parseCourse(IDLE.memory),
};

/** What a container of the pod is said to use. What cannot be read is told of, and counts as not said. */
export function courseOf(
  pod: Pod,
  container: Pick<AnyContainer, "name">,
  resource: UsedResource,
  onBad: (bad: BadUsage) => void,
): Course {
  const said = sayingOf(pod, container.name, resource);
  if (!said) return IDLE_COURSES[resource];
  try {
    return parseCourse(said.value);
  } catch (error) {
    onBad({ annotation: said.annotation, problem: (error as Error).message });
    return IDLE_COURSES[resource];
  }
}

/** What one container has used so far. */
interface Meter {
  readonly texts: Readonly<Record<UsedResource, string | undefined>>;
  readonly courses: Readonly<Record<UsedResource, Course>>;
  /** When it was last read, in milliseconds since the epoch. */
  readonly time: number;
  readonly cpuNanoseconds: number;
}

/**
 * Meters of a node's containers. A changed annotation counts from the last reading on, so that what has been used never
 * becomes less.
 */
export class UsageMeters {
  readonly #meters = new WeakMap<SimulatedContainer, Meter>();
  readonly #onBad: (pod: Pod, bad: BadUsage) => void;
  #node: { readonly time: number; readonly cpuNanoseconds: number } | undefined;

  constructor(onBad: (pod: Pod, bad: BadUsage) => void) {
    this.#onBad = onBad;
  }

  /** `running` with their pods as they are by now. Annotations that have come to be wrong are told of. */
  read(running: Iterable<{ readonly pod: Pod; readonly run: SimulatedContainer }>, now: number): NodeStats {
    const containers: ContainerUsage[] = [];
    let cpuNanoseconds = (this.#node?.cpuNanoseconds ?? 0) + SYSTEM.cores * NANOSECONDS * this.#since(now);
    let workingSetBytes = SYSTEM.bytes;
    for (const { pod, run } of running) {
      const before = this.#meters.get(run);
      const meter = this.#meter(pod, run, now);
      const bytes = Math.round(amountAt(meter.courses.memory, now - run.startedAt));
      cpuNanoseconds += meter.cpuNanoseconds - (before?.cpuNanoseconds ?? 0);
      workingSetBytes += bytes;
      containers.push({
        id: run.id,
        name: run.name,
        namespace: pod.metadata.namespace ?? "",
        pod: pod.metadata.name ?? "",
        podUid: pod.metadata.uid ?? "",
        time: now,
        cpuNanoseconds: meter.cpuNanoseconds,
        workingSetBytes: bytes,
      });
    }
    this.#node = { time: now, cpuNanoseconds };
    return { node: { time: now, cpuNanoseconds, workingSetBytes }, containers };
  }

  #since(now: number): number {
    return this.#node ? Math.max(0, now - this.#node.time) : 0;
  }

  #meter(pod: Pod, run: SimulatedContainer, now: number): Meter {
    const before = this.#meters.get(run);
    const texts = { cpu: sayingOf(pod, run.name, "cpu")?.value, memory: sayingOf(pod, run.name, "memory")?.value };
    const course = (resource: UsedResource) =>
      before && before.texts[resource] === texts[resource]
        ? before.courses[resource]
        : courseOf(pod, run, resource, (bad) => before && this.#onBad(pod, bad));
    const courses = { cpu: course("cpu"), memory: course("memory") };
    const from = before?.time ?? run.startedAt;
    const used = amountBetween(courses.cpu, from - run.startedAt, now - run.startedAt) * NANOSECONDS;
    const meter = { texts, courses, time: now, cpuNanoseconds: (before?.cpuNanoseconds ?? 0) + used };
    this.#meters.set(run, meter);
    return meter;
  }
}

/** Of a core in a millisecond. */
const NANOSECONDS = 1_000_000;
