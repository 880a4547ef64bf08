import type { Truth, TruthChange } from "../truth.ts";

/** Something that must hold after every commit, whatever fails meanwhile. Made anew for each run. */
export interface Invariant {
  /** A full sentence. */
  readonly name: string;
  /** What is wrong after this change, if anything is. */
  check(change: TruthChange, truth: Truth): string | undefined;
}

/** `default/web-1`, for messages. */
export const named = ({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }) =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? "");
