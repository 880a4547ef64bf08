import type { Line, Span } from "./text.ts";
import type { PodPhase } from "../../test/support/rollout/versions.ts";

/** How a Pod is drawn. */
export const MARKS: Readonly<Record<PodPhase, Span>> = {
  ready: { text: "●", style: "green" },
  starting: { text: "◐", style: "yellow" },
  failing: { text: "✗", style: "red" },
  stopping: { text: "○", style: "dim" },
  ended: { text: "○", style: "dim" },
};

export const MARKS_EXPLAINED: Line = [
  { text: "    ● ready  ◐ starting  ○ stopping or ended  ✗ failing", style: "dim" },
];
