// What the rules refuse and may stay all the same, with the reason. An entry that nothing needs is refused too.
import type { Exceptions } from "./exceptions.ts";

/** Files above the size limit, by path. */
export const LARGE: Exceptions = {};

/** Tests that assert nothing by themselves, by `path#title`. */
export const WITHOUT_ASSERTION: Exceptions = {
  "src/client/testing/conformance.ts#`${id}: ${title}`": "runs a behaviour, which asserts",
  "src/store/testing/conformance.ts#title": "runs a behaviour, which asserts",
};

/** Exports that nothing uses, by `path#name`. */
export const UNUSED: Exceptions = {};

/** Files by path, functions by `path#name`. */
export const LONG: Exceptions = {
  "src/kubelet/containerd/cri/messages.ts": "a table of messages",
};
