export { createFakeClient, type FakeClient } from "./fake-client.ts";
export { createFakeKubelet, type FakeKubelet } from "./fake-kubelet.ts";
