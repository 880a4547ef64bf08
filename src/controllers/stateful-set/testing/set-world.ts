import { PODS, STATEFUL_SETS, type Pod, type StatefulSet } from "#objects";
import { createTestWorld, type TestWorld } from "../../testing/world.ts";
import { statefulSetController } from "../controller.ts";

/** The StatefulSet `web` on a fake API, and what became of it: for tests. */

export const KEY = { namespace: "default", name: "web" };
export const labels = { app: "web" };
export const templateOf = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: "c", image }] } });
export const at = (name: string) => ({ namespace: "default", name });

export const world = (countsUnavailable = false) => createTestWorld([statefulSetController({ countsUnavailable })]);

const specOf = (more: object = {}) => ({
  replicas: 3,
  selector: { matchLabels: labels },
  serviceName: "web",
  template: templateOf("a"),
  podManagementPolicy: "OrderedReady",
  updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
  revisionHistoryLimit: 10,
  ...more,
});

export async function create(w: TestWorld, more: object = {}): Promise<StatefulSet> {
  const set = await w.client.create(STATEFUL_SETS, { metadata: { ...KEY }, spec: specOf(more) });
  await w.settle();
  return set;
}

export async function change(w: TestWorld, more: object): Promise<void> {
  w.client.edit(STATEFUL_SETS, KEY, (draft) => {
    draft.spec = { ...(draft.spec as object), ...more };
    draft.metadata.generation = Number(draft.metadata.generation ?? 0) + 1;
  });
  await w.settle();
}

/** Lets pods start and end, and the controller act on it, until nothing changes any more. */
export async function converge(w: TestWorld): Promise<void> {
  for (let writes = -1; writes !== w.client.writes.length;) {
    writes = w.client.writes.length;
    w.kubelet.settle();
    await w.settle();
  }
}

export const status = (w: TestWorld) => w.client.all(STATEFUL_SETS)[0]?.status;
export const pods = (w: TestWorld): readonly Pod[] => w.client.all(PODS);
export const names = (w: TestWorld) => pods(w).map(({ metadata }) => metadata.name);
export const podOf = (w: TestWorld, name: string): Pod | undefined =>
  pods(w).find(({ metadata }) => metadata.name === name);
export const images = (w: TestWorld) =>
  pods(w)
    .toSorted((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
    .map(({ spec }) => spec?.containers[0]?.image)
    .join("");
/** `create web-0`, `delete web-2`: what was done to pods, in order. */
export const done = (w: TestWorld, from = 0) =>
  w.client.writes
    .slice(from)
    .filter((write) => /^(create|delete) pods/.test(write))
    .map((write) => write.replace(/ pods.*?([\w-]+)$/, " $1"));
