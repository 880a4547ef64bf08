import { messageOf } from "#base";
import { ENDPOINT_SLICES } from "#objects";
import type { SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { isNamespaceTerminating } from "../framework/pod-control.ts";
import type { SliceStep } from "./plan.ts";

/**
 * Carries out one step for `owner` (`Service default/web`). Rejects with an Error that says what failed, its cause the
 * API's answer.
 */
export async function applySliceStep(step: SliceStep, owner: string, { client }: SyncContext): Promise<void> {
  const { namespace = "", name = "" } = step.slice.metadata;
  try {
    if (step.type === "create") await client.create(ENDPOINT_SLICES, step.slice);
    else if (step.type === "update") await client.update(ENDPOINT_SLICES, step.slice);
    else await unlessGone(client.delete(ENDPOINT_SLICES, { namespace, name }));
  } catch (error) {
    // Nothing is created there any more, and what is there goes with the namespace.
    if (step.type === "create" && isNamespaceTerminating(error)) return;
    const what = step.type === "create" ? "EndpointSlice" : `${name} EndpointSlice`;
    throw new Error(`failed to ${step.type} ${what} for ${owner}: ${messageOf(error)}`, { cause: error });
  }
}
