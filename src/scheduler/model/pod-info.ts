import {
  claimsOfPod,
  hostPorts,
  jsonText,
  keyOf,
  podRequests,
  type HostPort,
  type Pod,
  type PodClaim,
  type Toleration,
  type Volume,
} from "#objects";
import { affinityTerms, type AffinityTerms, type Labels } from "./affinity-terms.ts";
import { preferredNodes, requiredNodes, type NodeMatcher, type PreferredNodes } from "./node-matcher.ts";
import { requestsOf, scoredRequests, type Requests, type ScoredRequests } from "./resources.ts";
import { isDisk } from "./disks.ts";
import { spreadConstraints, type SpreadConstraint } from "./spread-constraints.ts";

const NO_PORTS: readonly HostPort[] = [];
const NO_TOLERATIONS: readonly Toleration[] = [];
const NO_CLAIMS: readonly PodClaim[] = [];
const NO_DISKS: readonly Volume[] = [];

/** A pod with what scheduling asks about it, each part worked out once, when it is first needed. */
export class PodInfo {
  /** The newest state that differs from the first one in nothing that matters here. */
  pod: Pod;
  readonly uid: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly priority: number;
  readonly terminating: boolean;
  readonly requests: Requests;
  readonly scored: ScoredRequests;
  readonly ports: readonly HostPort[];
  readonly terms: AffinityTerms;
  /** The claims of its volumes, each once. */
  readonly claims: readonly PodClaim[];
  /** Volumes that pods on one node cannot always share. */
  readonly disks: readonly Volume[];
  #required: NodeMatcher | undefined | null = null;
  #preferred: readonly PreferredNodes[] | undefined;
  #spread: readonly SpreadConstraint[] | undefined;
  #groupKey: string | undefined;
  #demands: string | undefined;

  constructor(pod: Pod) {
    this.pod = pod;
    const { metadata, spec } = pod;
    this.uid = metadata.uid ?? "";
    this.key = keyOf(pod);
    this.namespace = metadata.namespace ?? "";
    this.labels = metadata.labels;
    this.priority = spec?.priority ?? 0;
    this.terminating = metadata.deletionTimestamp !== undefined;
    this.requests = requestsOf(podRequests(pod));
    this.scored = scoredRequests(pod, this.requests);
    const ports = hostPorts(pod);
    this.ports = ports.length > 0 ? ports : NO_PORTS;
    this.terms = affinityTerms(pod);
    const volumes = spec?.volumes;
    this.claims = volumes?.some(hasClaim) ? onceEach(claimsOfPod(pod)) : NO_CLAIMS;
    this.disks = volumes?.some(isDisk) ? volumes.filter(isDisk) : NO_DISKS;
  }

  get tolerations(): readonly Toleration[] {
    return this.pod.spec?.tolerations ?? NO_TOLERATIONS;
  }

  /** The nodes it can run on by its selector and affinity; undefined: any. */
  get requiredNodes(): NodeMatcher | undefined {
    return this.#required === null ? (this.#required = requiredNodes(this.pod)) : this.#required;
  }

  get preferredNodes(): readonly PreferredNodes[] {
    return (this.#preferred ??= preferredNodes(this.pod));
  }

  get spread(): readonly SpreadConstraint[] {
    return (this.#spread ??= spreadConstraints(this.pod));
  }

  /** Equal for pods that no selector can tell apart. */
  get groupKey(): string {
    return (this.#groupKey ??= `${this.terminating ? "-" : "+"}${this.namespace}\n${labelsKey(this.labels)}`);
  }

  /** Equal for pods that every filter treats alike, as those of one ReplicaSet are. */
  get demands(): string {
    if (this.#demands === undefined) {
      const { spec } = this.pod;
      const { nodeSelector, affinity, tolerations, topologySpreadConstraints, preemptionPolicy, nodeName } = spec ?? {};
      this.#demands = jsonText([
        this.groupKey,
        this.priority,
        this.requests,
        this.ports,
        [nodeSelector, affinity, tolerations, topologySpreadConstraints, preemptionPolicy, nodeName],
      ]);
    }
    return this.#demands;
  }
}

const hasClaim = ({ persistentVolumeClaim, ephemeral }: Volume) => Boolean(persistentVolumeClaim ?? ephemeral);

const onceEach = (claims: readonly PodClaim[]) =>
  claims.filter(({ name }, i) => claims.findIndex((other) => other.name === name) === i);

function labelsKey(labels: Labels): string {
  if (!labels) return "";
  const keys = Object.keys(labels).sort();
  let text = "";
  for (const key of keys) text += `${key}=${labels[key]}\n`;
  return text;
}
