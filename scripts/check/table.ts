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

const TO_SPLIT = "was there before the limit; to be split";

/** Files by path, functions by `path#name`. */
export const LONG: Exceptions = {
  "src/apiserver/client.ts#createInProcessClient": TO_SPLIT,
  "src/apiserver/request-metrics.ts#createRequestMetrics": TO_SPLIT,
  "src/client/http/http-client.ts#createHttpClient": TO_SPLIT,
  "src/client/memory-cache.ts#createMemoryCache": TO_SPLIT,
  "src/kubelet/containerd/cri/messages.ts": "a table of messages",
  "src/objects/selectors/label-parser.ts#parseRequirements": TO_SPLIT,
  "src/registry/create-registry.ts#createRegistry": TO_SPLIT,
  "src/scheduler/observe.ts#createObserver": TO_SPLIT,
  "src/scheduler/plugins/plugins.test.ts#test(filters refuse the nodes that upstream's refuse, in the same words)":
    TO_SPLIT,
  "src/simulation/fake-client.ts#createFakeClient": TO_SPLIT,
  "src/wire/server/serve.ts#serve": TO_SPLIT,
  "src/wire/websocket/connection.ts#createWebSocketConnection": TO_SPLIT,
};
