/** Why a pod cannot be on a node: the reason and message of its status. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}
