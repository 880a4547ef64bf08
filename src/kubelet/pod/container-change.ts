import type { Pod } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import type { PodEvent } from "./events.ts";
import type { ContainerView } from "./view.ts";

/** What a happening changes in the view of one container, and the Events for users. */
export interface ContainerChange {
  readonly change: Partial<ContainerView>;
  readonly events: readonly PodEvent[];
}

/** The container that something happened to. */
export interface ContainerFacts {
  readonly pod: Pod;
  readonly container: AnyContainer;
  /** As it was before. */
  readonly before: ContainerView;
  readonly now: number;
}

export const become = (change: Partial<ContainerView>, ...events: readonly PodEvent[]): ContainerChange => ({
  change,
  events,
});
