import type { ContainerView, ImageView, Lifecycle, PodView, RunView, SandboxView, VolumesView } from "./view.ts";

/**
 * The view after the wall clock was set, `ms` forwards (negative: backwards): whatever was to happen some time from
 * then on is to happen as long from now on. What statuses tell stays as it was told.
 */
export function shiftTimes(view: PodView, ms: number): PodView {
  return {
    ...view,
    lifecycle: shiftLifecycle(view.lifecycle, ms),
    volumes: shiftVolumes(view.volumes, ms),
    sandbox: shiftSandbox(view.sandbox, ms),
    containers: new Map([...view.containers].map(([name, container]) => [name, shiftContainer(container, ms)])),
  };
}

const shiftLifecycle = (lifecycle: Lifecycle, ms: number): Lifecycle =>
  "deadline" in lifecycle ? { ...lifecycle, deadline: lifecycle.deadline + ms } : lifecycle;

function shiftVolumes(volumes: VolumesView, ms: number): VolumesView {
  if (volumes.state === "failed") return { ...volumes, since: volumes.since + ms, retryAt: volumes.retryAt + ms };
  return volumes.state === "mounting" ? { ...volumes, since: volumes.since + ms } : volumes;
}

const shiftSandbox = (sandbox: SandboxView, ms: number): SandboxView =>
  sandbox.state === "failed" ? { ...sandbox, retryAt: sandbox.retryAt + ms } : sandbox;

function shiftContainer(container: ContainerView, ms: number): ContainerView {
  const { image, run, backOff } = container;
  return {
    ...container,
    image: shiftImage(image, ms),
    run: shiftRun(run, ms),
    ...(backOff ? { backOff: { ...backOff, since: backOff.since + ms } } : {}),
  };
}

const shiftImage = (image: ImageView, ms: number): ImageView =>
  image.state === "failed" ? { ...image, at: image.at + ms, retryAt: image.retryAt + ms } : image;

function shiftRun(run: RunView, ms: number): RunView {
  switch (run.state) {
    case "none":
      return run;
    case "running":
      return run.stopping ? { ...run, stopping: { deadline: run.stopping.deadline + ms } } : run;
    case "exited":
      return { ...run, at: run.at + ms };
    case "starting":
    case "failed": {
      const previous = run.previous ? { previous: { ...run.previous, at: run.previous.at + ms } } : {};
      return run.state === "failed" ? { ...run, ...previous, retryAt: run.retryAt + ms } : { ...run, ...previous };
    }
  }
}
