import { getScale, retryOnConflict, updateScale, updateStatus, type Client } from "#client";
import {
  equalJson,
  HORIZONTAL_POD_AUTOSCALERS,
  keyOf,
  parseGroupVersion,
  parseLabelSelector,
  PODS,
  type LabelMatcher,
  type Pod,
  type ResourceType,
  type Scale,
  type V2HorizontalPodAutoscaler,
} from "#objects";
import { allow, ANY_KIND } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import type { Memory } from "./limits.ts";
import { POD_METRICS, readMetric } from "./metrics-api.ts";
import { needsMetrics, planAutoscaler, SYNC_MS, type AutoscalerStep, type AutoscalerView } from "./plan.ts";

/** Sets the replicas of what HorizontalPodAutoscalers point to by what their metrics say. */
export const horizontalPodAutoscalerController = (): ControllerDefinition =>
  defineController({
    name: "horizontal-pod-autoscaler",
    watches: [watch(HORIZONTAL_POD_AUTOSCALERS, whenWanted), watch(PODS)],
    writes: [
      allow(HORIZONTAL_POD_AUTOSCALERS, "update/status"),
      allow(POD_METRICS, "list"),
      // Targets are of any kind with a scale; other metrics have the names that the autoscaler says.
      allow(ANY_KIND, "get", "get/*", "list", "update/scale"),
    ],
    start() {
      const remembered = new Remembered();
      return async (key, context) => {
        const autoscaler = context.caches.of(HORIZONTAL_POD_AUTOSCALERS).get(key);
        if (!autoscaler || autoscaler.metadata.deletionTimestamp) {
          remembered.forget(key);
          return;
        }
        await syncAutoscaler(autoscaler, remembered, context);
        return { requeueAt: context.clock.now() + SYNC_MS };
      };
    },
  });

/** A new one, one that wants something else, and one that is gone; its status is the controller's own. */
const whenWanted: KeysOf<V2HorizontalPodAutoscaler> = ({ type, object, previous }) =>
  type === "deleted" || !previous || !equalJson(previous.spec, object.spec) ? keyOf(object) : undefined;

/** What the controller knows of each autoscaler while it runs, by `namespace/name`. */
class Remembered {
  readonly #memories = new Map<string, Memory>();
  readonly #selectors = new Map<string, LabelMatcher>();

  memory(key: string): Memory | undefined {
    return this.#memories.get(key);
  }

  remember(key: string, memory: Memory): void {
    this.#memories.set(key, memory);
  }

  select(key: string, selector: LabelMatcher): void {
    this.#selectors.set(key, selector);
  }

  forget(key: string): void {
    this.#memories.delete(key);
    this.#selectors.delete(key);
  }

  /** The autoscalers among `keys` that select one of the pods, in order. */
  claimants(keys: readonly string[], pods: readonly Pod[]): readonly string[] {
    return keys
      .filter((key) => {
        const selector = this.#selectors.get(key);
        return selector && pods.some(({ metadata }) => selector.matches(metadata.labels));
      })
      .toSorted();
  }
}

/** The resource of a target, and its scale by now. */
interface Target {
  readonly type: ResourceType;
  readonly scale: Scale;
}

async function syncAutoscaler(autoscaler: V2HorizontalPodAutoscaler, remembered: Remembered, context: SyncContext) {
  const target = await findTarget(autoscaler, context.client);
  const view = await look(autoscaler, target, remembered, context);
  const plan = planAutoscaler(view, context.clock.now());
  const scaling = await apply(plan.steps, target, autoscaler, remembered, context);
  if (!scaling) return;
  const now = context.clock.now();
  await apply(planAutoscaler({ ...view, outcome: scaling }, now).steps, target, autoscaler, remembered, context);
}

/** The scale of what an autoscaler points to, whatever its kind; or why there is none. */
async function findTarget({ metadata, spec }: V2HorizontalPodAutoscaler, client: Client): Promise<Target | string> {
  const { apiVersion = "", kind, name } = spec.scaleTargetRef;
  if (apiVersion.split("/").length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const { group } = parseGroupVersion(apiVersion);
  const type = await client.discovery.find({ group, kind });
  if (!type) return `no matches for kind "${kind}" in group "${group}"`;
  try {
    return { type, scale: await getScale(client, type, { namespace: metadata.namespace ?? "", name }) };
  } catch (error) {
    return (error as Error).message;
  }
}

async function look(
  autoscaler: V2HorizontalPodAutoscaler,
  target: Target | string,
  remembered: Remembered,
  { client, caches }: SyncContext,
): Promise<AutoscalerView> {
  const key = keyOf(autoscaler);
  const memory = remembered.memory(key);
  const nothing = { pods: [], claimants: [], readings: [] };
  if (typeof target === "string") return { autoscaler, target: { problem: target }, ...nothing, memory };
  const { scale } = target;
  const known = { autoscaler, target: { scale }, memory };
  const selector = scale.status?.selector ?? "";
  if (!needsMetrics(autoscaler, scale) || selector === "") return { ...known, ...nothing };
  const { namespace = "" } = autoscaler.metadata;
  let matcher;
  try {
    matcher = parseLabelSelector(selector);
  } catch (error) {
    return { ...known, ...nothing, pods: { problem: (error as Error).message } };
  }
  remembered.select(key, matcher);
  const inNamespace = caches.of(PODS).index("namespace", namespace);
  const pods = inNamespace.filter(({ metadata }) => matcher.matches(metadata.labels));
  const beside = caches.of(HORIZONTAL_POD_AUTOSCALERS).index("namespace", namespace).map(keyOf);
  const claimants = remembered.claimants(beside, pods);
  if (claimants.length > 1) return { ...known, ...nothing, pods, claimants };
  const readings = (autoscaler.spec.metrics ?? []).map((metric) => readMetric(client, metric, { namespace, selector }));
  return { ...known, pods, claimants, readings: await Promise.all(readings) };
}

/** Carries the steps out; resolves to what became of a scaling, if there was one. */
async function apply(
  steps: readonly AutoscalerStep[],
  target: Target | string,
  autoscaler: V2HorizontalPodAutoscaler,
  remembered: Remembered,
  context: SyncContext,
): Promise<AutoscalerView["outcome"]> {
  const { client, recorder } = context;
  let outcome: AutoscalerView["outcome"];
  for (const step of steps) {
    switch (step.type) {
      case "event":
        recorder.event(autoscaler, step.level, step.reason, step.message);
        break;
      case "remember":
        remembered.remember(keyOf(autoscaler), step.memory);
        break;
      case "scale":
        if (typeof target !== "string") outcome = await setReplicas(context, target, step.replicas);
        break;
      case "status":
        try {
          await unlessGone(updateStatus(client, HORIZONTAL_POD_AUTOSCALERS, { ...autoscaler, status: step.status }));
        } catch (error) {
          recorder.event(autoscaler, "Warning", "FailedUpdateStatus", (error as Error).message);
        }
    }
  }
  return outcome;
}

async function setReplicas(
  { client, clock }: SyncContext,
  { type, scale }: Target,
  replicas: number,
): Promise<NonNullable<AutoscalerView["outcome"]>> {
  const { namespace = "", name = "" } = scale.metadata;
  let latest: Scale | undefined = scale;
  try {
    await retryOnConflict(clock, async () => {
      const current = latest ?? (await getScale(client, type, { namespace, name }));
      latest = undefined;
      await updateScale(client, type, { ...current, spec: { ...current.spec, replicas } });
    });
    return { type: "scaled" };
  } catch (error) {
    return { type: "refused", problem: (error as Error).message };
  }
}
