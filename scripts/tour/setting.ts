/** What differs between simulated and real containers in a story that is the same. */
export interface Setting {
  readonly nodes: number;
  /** Further fields of the containers of the web servers, one a line. */
  readonly container: readonly string[];
  readonly progressDeadlineSeconds: number;
  /** How many Pods each of two racing Deployments has. */
  readonly racers: number;
  /** How long a change may take before it is taken for one that never comes. */
  readonly patienceMs: number;
}
