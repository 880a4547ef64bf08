export { createFakeClient, type FakeClient } from "./fake-client.ts";
export { createFakeKubelet, type FakeKubelet } from "./fake-kubelet.ts";
export { NotInTestDouble } from "./not-in-test-double.ts";
