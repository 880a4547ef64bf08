import { Memo } from "#objects";
import type { Diagnosis } from "./decide.ts";
import type { PodInfo } from "./model/pod-info.ts";

/** What is known of pods with certain demands. */
export interface Refused {
  readonly plugins: ReadonlySet<string>;
  readonly message: string;
}

const MAX_REMEMBERED = 1000;
/** Characters of demands: a Pod may state megabytes of them. */
const MAX_LENGTH = 1 << 21;
/** Plugins that may stop refusing a node when a pod is placed: all others only ever refuse more. */
const FICKLE = ["InterPodAffinity", "PodTopologySpread"];

/**
 * Remembers which demands no node can meet, so that the thousandth pod of a Deployment that does not fit costs
 * nothing. Placing pods makes nothing possible that was not before, except for the plugins above; everything
 * else that happens in the cluster makes it forget.
 */
export class RefusalMemo {
  readonly #known = new Memo<Refused>(MAX_REMEMBERED, MAX_LENGTH);

  get(pod: PodInfo): Refused | undefined {
    if (this.#known.size === 0 || !isPlain(pod)) return undefined;
    return this.#known.get(pod.demands);
  }

  put(pod: PodInfo, { plugins, overall }: Diagnosis, message: string): void {
    if (overall || !isPlain(pod) || FICKLE.some((plugin) => plugins.has(plugin))) return;
    if (!this.#known.get(pod.demands)) this.#known.set(pod.demands, { plugins, message });
  }

  forget(): void {
    this.#known.clear();
  }
}

/** A pod with volumes that matter or a promised node is not like any other. */
function isPlain({ pod, claims, disks }: PodInfo): boolean {
  return claims.length === 0 && disks.length === 0 && !pod.status?.nominatedNodeName;
}
