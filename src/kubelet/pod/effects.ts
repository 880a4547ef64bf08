import { messageOf, sleep, type Clock, type Log } from "#base";
import type { LifecycleHandler, Pod } from "#objects";
import type { Quantities } from "../environment/resources.ts";
import { resolveProcess } from "../process.ts";
import { RuntimeError, type Runtime, type Sandbox } from "../runtime.ts";
import type { PodSources, Sources } from "../sources.ts";
import { MountError, type Volumes, type VolumesListener } from "../volumes.ts";
import type { Happening } from "./happening.ts";
import { ensureImage } from "./image.ts";
import type { Step, StopStep } from "./step.ts";
import { containerView, findContainer, previousRun, type PodView } from "./view.ts";

export interface EffectsContext {
  readonly runtime: Runtime;
  /** Absent: pods get none. */
  readonly volumes: Volumes | undefined;
  /** What the pod refers to; asked for only when it does. */
  readonly podSources: () => PodSources | undefined;
  readonly services: Sources["services"];
  readonly nodeIps: readonly string[];
  /** What the node can give its pods. */
  readonly allocatable: () => Quantities;
  readonly clock: Clock;
  readonly log: Log;
  readonly view: () => PodView;
  readonly dispatch: (happening: Happening) => void;
  /** Called after an image arrived, so that the node's status can list it. */
  readonly onImages: () => void;
  /** Tells the API that nothing is left of the pod. */
  readonly finishDeletion: () => Promise<void>;
  /** Aborts when the kubelet stops. */
  readonly signal: AbortSignal;
}

/** Even after a long preStop hook a container gets this long to end (upstream minimumGracePeriodInSeconds). */
const MIN_GRACE_AFTER_HOOK_S = 2;
const STOP_RETRY_MS = 1_000;

/** Carries out a step: calls the runtime, and tells what came of it. Rejects only when something unforeseen happens. */
export async function carryOut(step: Step, context: EffectsContext): Promise<void> {
  switch (step.type) {
    case "mount-volumes":
      return mountVolumes(context);
    case "unmount-volumes":
      await context.volumes?.unmount(context.view().pod);
      context.dispatch({ type: "volumes-gone" });
      return;
    case "create-sandbox":
      return createSandbox(context);
    case "stop-sandbox":
      context.dispatch({ type: "sandbox-stopping" });
      await context.runtime.stopSandbox(step.id);
      context.dispatch({ type: "sandbox-stopped" });
      return;
    case "pull-image":
      return pullImage(step.name, context);
    case "start-container":
      return startContainer(step.name, context);
    case "stop-container":
      return stopContainer(step, context);
    case "finish-deletion":
      return context.finishDeletion();
  }
}

async function mountVolumes(context: EffectsContext): Promise<void> {
  const { volumes, view, dispatch } = context;
  dispatch({ type: "volumes-mounting" });
  try {
    await volumes?.mount(view().pod, listenerOf(context));
  } catch (error) {
    dispatch({ type: "volumes-failed", failures: failuresOf(error) });
    return;
  }
  dispatch({ type: "volumes-mounted" });
}

/** The pod runs already: what cannot be mounted is the container's own failure. */
async function mountMore(context: EffectsContext): Promise<void> {
  const { volumes, view } = context;
  try {
    await volumes?.mount(view().pod, listenerOf(context));
  } catch (error) {
    throw new RuntimeError("CreateContainerConfigError", messageOf(error));
  }
}

const listenerOf = ({ dispatch }: EffectsContext): VolumesListener => ({
  onStale: (failure) => dispatch({ type: "volumes-stale", failure }),
  onChange: () => dispatch({ type: "volumes-changed" }),
  onEvent: (level, reason, message) => dispatch({ type: "volumes-event", event: { level, reason, message } }),
});

const failuresOf = (error: unknown) =>
  error instanceof MountError ? error.failures : [{ volume: "", message: messageOf(error) }];

async function createSandbox({ runtime, view, dispatch, podSources }: EffectsContext): Promise<void> {
  dispatch({ type: "sandbox-creating" });
  let sandbox: Sandbox;
  try {
    const name = view().pod.spec?.runtimeClassName;
    // The class may be gone, or be another one by now.
    const handler = name ? await podSources()?.runtimeHandler(name) : undefined;
    sandbox = await runtime.createSandbox(view().pod, view().sandboxAttempt, handler);
  } catch (error) {
    dispatch({ type: "sandbox-failed", message: messageOf(error) });
    return;
  }
  dispatch({ type: "sandbox-ready", sandbox });
  followSandbox(sandbox, dispatch);
}

/** Tells when the sandbox dies. */
export function followSandbox({ id, lost }: Sandbox, dispatch: (happening: Happening) => void): void {
  void lost?.then(() => dispatch({ type: "sandbox-lost", id }));
}

async function pullImage(name: string, context: EffectsContext): Promise<void> {
  const { pod } = context.view();
  const found = findContainer(pod, name);
  if (!found) return;
  context.dispatch({ type: "image-wanted", name });
  if ((await ensureImage(pod, found.container, context)) === "pulled") context.onImages();
}

async function startContainer(name: string, context: EffectsContext): Promise<void> {
  const { runtime, dispatch, view } = context;
  const { pod, sandbox } = view();
  const found = findContainer(pod, name);
  if (!found || sandbox.state !== "ready") return;
  const { run, restarts } = containerView(view(), name);
  const attempt = previousRun(run) ? restarts + 1 : restarts;
  dispatch({ type: "container-starting", name });
  try {
    const { container, kind } = found;
    // It came later, and may use what no container used before.
    if (kind === "ephemeral" && container.volumeMounts?.length) await mountMore(context);
    const process = await resolveProcess(pod, container, { ...context, podIps: sandbox.sandbox.ips });
    const started = await runtime.startContainer({
      pod,
      sandbox: sandbox.sandbox,
      container,
      attempt,
      process,
    });
    dispatch({ type: "container-started", name, container: started });
    void started.exited.then((exit) => dispatch({ type: "exited", name, exit }));
    void started.ready?.then(() => dispatch({ type: "readiness", name, id: started.id, ready: true }));
    const hook = container.lifecycle?.postStart;
    if (hook) await postStart(name, started.id, hook, context);
  } catch (error) {
    const { reason, exit } = error as { readonly reason?: string; readonly exit?: undefined };
    const failure = { reason: reason ?? "RunContainerError", message: messageOf(error) };
    dispatch({ type: "start-failed", name, failure, ...(exit ? { exit } : {}) });
  }
}

async function postStart(name: string, id: string, hook: LifecycleHandler, context: EffectsContext): Promise<void> {
  const { dispatch, view, log } = context;
  try {
    await runHook(id, hook, view().pod, context, context.signal);
    dispatch({ type: "hook-done", name, id });
  } catch (error) {
    log.info("postStart hook failed", { container: name, error });
    dispatch({ type: "hook-failed", name, id, hook: "PostStart" });
  }
}

/** The preStop hook first, within the grace; when there is less grace than before, at once. */
async function stopContainer(step: StopStep, context: EffectsContext): Promise<void> {
  const { clock, dispatch, view } = context;
  const { name, id, deadline } = step;
  const { run } = containerView(view(), name);
  if (run.state !== "running" || run.id !== id) return;
  const again = run.stopping !== undefined;
  dispatch({ type: "stopping", name, id, deadline, because: step.because });
  // The wall clock may be set meanwhile.
  const due = clock.monotonic() + (deadline - clock.now());
  const graceSeconds = () => Math.max(1, Math.ceil((due - clock.monotonic()) / 1000));
  const hook = findContainer(view().pod, name)?.container.lifecycle?.preStop;
  // Without any grace there is no hook, either: it died with its sandbox.
  if (!hook || again || deadline <= clock.now()) return untilStopped(name, id, graceSeconds, context);
  await preStop(name, id, hook, deadline, context);
  return untilStopped(name, id, () => Math.max(MIN_GRACE_AFTER_HOOK_S, graceSeconds()), context);
}

/** Asks again until it answers: a runtime that is down may come back, and no other part would ask. */
async function untilStopped(
  name: string,
  id: string,
  graceSeconds: () => number,
  { runtime, clock, log, view, signal }: EffectsContext,
): Promise<void> {
  for (;;) {
    const { run } = containerView(view(), name);
    if (run.state !== "running" || run.id !== id) return;
    try {
      return await runtime.stopContainer(id, graceSeconds());
    } catch (error) {
      log.info("a container could not be stopped", { container: name, id, error });
      await sleep(clock, STOP_RETRY_MS, signal);
    }
  }
}

async function preStop(
  name: string,
  id: string,
  hook: LifecycleHandler,
  deadline: number,
  context: EffectsContext,
): Promise<void> {
  const { clock, dispatch, view, log } = context;
  const tooLate = new AbortController();
  const timer = clock.setTimeout(
    () => tooLate.abort(new Error("the hook took longer than the grace period")),
    Math.max(0, deadline - clock.now()),
  );
  try {
    await runHook(id, hook, view().pod, context, AbortSignal.any([tooLate.signal, context.signal]));
  } catch (error) {
    if (context.signal.aborted) return;
    log.info("preStop hook failed", { container: name, error });
    dispatch({ type: "hook-failed", name, id, hook: "PreStop" });
  } finally {
    timer.cancel();
  }
}

async function runHook(
  id: string,
  hook: LifecycleHandler,
  pod: Pod,
  { runtime, clock }: EffectsContext,
  signal: AbortSignal,
): Promise<void> {
  if (hook.sleep) return sleep(clock, Number(hook.sleep.seconds) * 1000, signal);
  return runtime.runHook(id, hook, pod, signal);
}
