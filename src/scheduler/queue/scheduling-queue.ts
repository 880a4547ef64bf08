import type { NamespaceLabels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { canHelp } from "./events.ts";
import type { ClusterEvent } from "./cluster-event.ts";
import { Heap } from "./heap.ts";

/** Where a pod waits. */
type Place =
  | { readonly type: "active" }
  /** Until its time. */
  | { readonly type: "back-off"; readonly until: number }
  /** Until an event can help. */
  | { readonly type: "unschedulable"; readonly since: number }
  /** Until its scheduling gates are gone. */
  | { readonly type: "gated" }
  /** The scheduler is looking for a node for it; `woken` when an event has come meanwhile that can help. */
  | { readonly type: "in-hand"; readonly woken: boolean };

/** A pod in the queue. */
export interface QueuedPod {
  info: PodInfo;
  readonly uid: string;
  /** Since when it waits, in milliseconds on a clock that is never set: earlier ones come first. */
  readonly since: number;
  /** How often it was tried. */
  attempts: number;
  /** When it was last tried. */
  triedAt: number;
  /** The plugins that refused it last. */
  refusedBy: ReadonlySet<string>;
  place: Place;
}

const INITIAL_BACK_OFF_MS = 1000;
const MAX_BACK_OFF_MS = 10_000;
/** After this long without any event that helps, a pod is tried again all the same. */
export const MAX_UNSCHEDULABLE_MS = 5 * 60_000;

interface Ticket {
  readonly pod: QueuedPod;
  readonly place: Place;
  readonly order: number;
}

/**
 * The pods that wait for a node. Those that can be tried are taken by priority, then by age; those that no node
 * takes wait for an event that can help, and at least for their back-off: 1 s, doubling up to 10 s. While there
 * is nothing else to do, pods in back-off are tried early, except after errors (upstream SchedulerPopFromBackoffQ).
 */
export class SchedulingQueue {
  readonly #pods = new Map<string, QueuedPod>();
  readonly #refusedBy = new Map<string, Set<QueuedPod>>();
  // A pod that has moved on leaves its ticket behind: a ticket is good while the pod is still in that place.
  readonly #active = new Heap<Ticket>(
    (a, b) =>
      a.pod.info.priority > b.pod.info.priority ||
      (a.pod.info.priority === b.pod.info.priority &&
        (a.pod.since < b.pod.since || (a.pod.since === b.pod.since && a.order < b.order))),
  );
  readonly #backOff = new Heap<Ticket>(sooner);
  readonly #failed = new Heap<Ticket>(sooner);
  readonly #unschedulable = new Set<QueuedPod>();
  readonly #namespaceLabels: NamespaceLabels;
  #order = 0;

  constructor(namespaceLabels: NamespaceLabels) {
    this.#namespaceLabels = namespaceLabels;
  }

  get size(): number {
    return this.#pods.size;
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid);
  }

  /** All waiting pods. */
  pods(): Iterable<QueuedPod> {
    return this.#pods.values();
  }

  /** Takes in a pod without a node, new or changed. */
  put(info: PodInfo, now: number, helps: boolean): QueuedPod {
    const known = this.#pods.get(info.uid);
    if (!known) {
      const pod: QueuedPod = {
        info,
        uid: info.uid,
        since: now,
        attempts: 0,
        triedAt: 0,
        refusedBy: NO_PLUGINS,
        place: { type: "gated" },
      };
      this.#pods.set(info.uid, pod);
      if (!isGated(info)) this.#activate(pod);
      return pod;
    }
    known.info = info;
    if (known.place.type === "gated") {
      if (!isGated(info)) this.#activate(known);
    } else if (helps) {
      this.#wake(known, now);
    }
    return known;
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#forget(pod);
    this.#pods.delete(uid);
    pod.place = { type: "gated" };
  }

  /** Takes the pod to try next; it is being scheduled from now on. */
  pop(now: number): QueuedPod | undefined {
    this.#endBackOff(now);
    const pod = this.#next(this.#active) ?? this.#next(this.#backOff);
    if (!pod) return undefined;
    pod.place = { type: "in-hand", woken: false };
    pod.attempts++;
    pod.triedAt = now;
    return pod;
  }

  /** No node took the pod. It waits until an event can help one of the plugins that refused; without any, a node must come. */
  refused(pod: QueuedPod, plugins: ReadonlySet<string>, now: number): void {
    const { place } = pod;
    if (place.type !== "in-hand") return;
    const by = plugins.size > 0 ? plugins : NO_NODES;
    pod.refusedBy = by;
    for (const plugin of by) {
      const known = this.#refusedBy.get(plugin);
      if (known) known.add(pod);
      else this.#refusedBy.set(plugin, new Set([pod]));
    }
    this.#unschedulable.add(pod);
    pod.place = { type: "unschedulable", since: now };
    if (place.woken) this.#wake(pod, now);
  }

  /** Something went wrong with the pod: it is tried again after its back-off. */
  failed(pod: QueuedPod, now: number): void {
    if (pod.place.type === "in-hand") this.#delay(pod, Math.max(now, this.#backOffEnd(pod)), true);
  }

  /** Tells the pods that an event can help. Returns how many were woken. */
  notify(event: ClusterEvent, now: number): number {
    let woken = 0;
    for (const [plugin, pods] of this.#refusedBy) {
      for (const pod of pods) {
        if (!canHelp(plugin, pod.info, event, this.#namespaceLabels)) continue;
        woken++;
        this.#wake(pod, now);
      }
    }
    return woken;
  }

  /** Wakes a pod, such as one for which room was made. */
  wake(uid: string, now: number): void {
    const pod = this.#pods.get(uid);
    if (pod) this.#wake(pod, now);
  }

  /** Wakes the pods that have waited for too long. */
  flush(now: number): void {
    for (const pod of this.#unschedulable) {
      // In the order of `since`.
      if (pod.place.type !== "unschedulable" || pod.place.since + MAX_UNSCHEDULABLE_MS > now) return;
      this.#wake(pod, now);
    }
  }

  /** When something becomes due without any event: the end of a back-off or of the patience with an unschedulable pod. */
  dueAt(): number | undefined {
    const tickets = [this.#first(this.#backOff), this.#first(this.#failed)];
    const patient = this.#unschedulable.values().next().value?.place;
    const times = [
      ...tickets.flatMap((ticket) => (ticket ? [until(ticket)] : [])),
      ...(patient?.type === "unschedulable" ? [patient.since + MAX_UNSCHEDULABLE_MS] : []),
    ];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Whether `pop` would give a pod. */
  ready(now: number): boolean {
    this.#endBackOff(now);
    return this.#first(this.#active) !== undefined || this.#first(this.#backOff) !== undefined;
  }

  #wake(pod: QueuedPod, now: number): void {
    if (pod.place.type === "in-hand") {
      pod.place = { type: "in-hand", woken: true };
      return;
    }
    if (pod.place.type !== "unschedulable") return;
    const end = this.#backOffEnd(pod);
    if (end > now) this.#delay(pod, end, false);
    else this.#activate(pod);
  }

  #backOffEnd({ attempts, triedAt }: QueuedPod): number {
    if (attempts === 0) return 0;
    return triedAt + Math.min(MAX_BACK_OFF_MS, INITIAL_BACK_OFF_MS * 2 ** (attempts - 1));
  }

  #activate(pod: QueuedPod): void {
    this.#forget(pod);
    pod.place = { type: "active" };
    this.#active.push({ pod, place: pod.place, order: this.#order++ });
  }

  #delay(pod: QueuedPod, end: number, failed: boolean): void {
    this.#forget(pod);
    pod.place = { type: "back-off", until: end };
    (failed ? this.#failed : this.#backOff).push({ pod, place: pod.place, order: this.#order++ });
  }

  #forget(pod: QueuedPod): void {
    if (pod.place.type !== "unschedulable") return;
    this.#unschedulable.delete(pod);
    for (const plugin of pod.refusedBy) {
      const pods = this.#refusedBy.get(plugin);
      if (pods?.delete(pod) && pods.size === 0) this.#refusedBy.delete(plugin);
    }
  }

  #endBackOff(now: number): void {
    for (const heap of [this.#backOff, this.#failed]) {
      for (let ticket = this.#first(heap); ticket && until(ticket) <= now; ticket = this.#first(heap)) {
        this.#activate(ticket.pod);
      }
    }
  }

  /** The first ticket that is still good. */
  #first(heap: Heap<Ticket>): Ticket | undefined {
    for (let ticket = heap.peek(); ticket; ticket = heap.peek()) {
      if (ticket.pod.place === ticket.place) return ticket;
      heap.pop();
    }
    return undefined;
  }

  #next(heap: Heap<Ticket>): QueuedPod | undefined {
    const ticket = this.#first(heap);
    if (ticket) heap.pop();
    return ticket?.pod;
  }
}

const NO_PLUGINS: ReadonlySet<string> = new Set();
const NO_NODES: ReadonlySet<string> = new Set(["no nodes"]);

const sooner = (a: Ticket, b: Ticket) => until(a) < until(b) || (until(a) === until(b) && a.order < b.order);

const until = ({ place }: Ticket) => (place.type === "back-off" ? place.until : 0);

export function isGated({ pod }: PodInfo): boolean {
  return (pod.spec?.schedulingGates?.length ?? 0) > 0;
}
