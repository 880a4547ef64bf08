/** What is measured, and where. */
export interface MeasureInput {
  readonly kubeconfig: string;
  /** Of the cluster's containerd. */
  readonly socket: string;
  /** Of Knarr. */
  readonly pid: number;
  /** How many Pods are started one after the other. */
  readonly pods: number;
  /** How many Services the larger of the two cases has. */
  readonly services: number;
  readonly idleMs: number;
}
