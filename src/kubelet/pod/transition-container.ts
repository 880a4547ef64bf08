import { unreachable } from "#base";
import { nextBackOff, RETRY_MS } from "./back-off.ts";
import { become, type ContainerChange, type ContainerFacts } from "./container-change.ts";
import { normal, podText, warning } from "./events.ts";
import type { Happening, Transition } from "./happening.ts";
import { stepImage, type ImageHappening } from "./transition-image.ts";
import { exitedRun, startedRun, stepRun, type RunHappening } from "./transition-run.ts";
import { containerView, findContainer, previousRun, withContainer, type ContainerView, type PodView } from "./view.ts";

export type ContainerHappening = Extract<Happening, { readonly name: string }>;

/** Takes in what happened to one container. */
export function stepContainer(view: PodView, happening: ContainerHappening, now: number): Transition {
  const { name } = happening;
  const found = findContainer(view.pod, name);
  const facts = found && { pod: view.pod, container: found.container, before: containerView(view, name), now };
  const changed = facts && changeOf(happening, facts);
  if (!changed) return { view, events: [] };
  const next = withContainer(view, name, changed.change);
  const initialized = happening.type === "container-starting" && found.kind === "main";
  return { view: initialized ? { ...next, initialized } : next, events: changed.events };
}

function changeOf(happening: ContainerHappening, facts: ContainerFacts): ContainerChange | undefined {
  switch (happening.type) {
    case "image-wanted":
    case "image-pulling":
    case "pull-secrets-missing":
    case "image-present":
    case "image-pulled":
    case "image-failed":
    case "image-backs-off":
      return stepImage(happening, facts);
    case "hook-done":
    case "hook-failed":
    case "container-up":
    case "readiness":
    case "probe-told":
    case "unhealthy":
    case "stopping":
      return stepRun(happening, facts);
    default:
      return stepStart(happening, facts);
  }
}

/** The begin and the end of a container's runs. */
type StartHappening = Exclude<ContainerHappening, ImageHappening | RunHappening>;

function stepStart(happening: StartHappening, facts: ContainerFacts): ContainerChange | undefined {
  const { pod, container, before, now } = facts;
  const { name } = container;
  switch (happening.type) {
    case "container-starting": {
      const previous = previousRun(before.run);
      return become({
        run: { state: "starting", ...(previous ? { previous } : {}) },
        ...(before.run.state === "exited" ? { backOff: nextBackOff(before.backOff, before.run.at, now) } : {}),
      });
    }
    case "container-started":
      return become(
        { run: startedRun(happening.container, container), ...nextRun(before) },
        normal("Created", "Container created", name),
        normal("Started", "Container started", name),
      );
    case "start-failed": {
      const { failure, exit } = happening;
      const failed = warning("Failed", `Error: ${failure.message}`, name);
      const previous = previousRun(before.run);
      if (!exit) {
        const run = { state: "failed", failure, retryAt: now + RETRY_MS, ...(previous ? { previous } : {}) } as const;
        return become({ image: { state: "unknown" }, run }, failed);
      }
      return become(
        { image: { state: "unknown" }, run: { ...exitedRun(exit), failure }, ...nextRun(before) },
        normal("Created", "Container created", name),
        failed,
      );
    }
    case "restart-backs-off": {
      if (before.run.state !== "exited") return undefined;
      const message = `Back-off restarting failed container ${name} in pod ${podText(pod)}`;
      return become({ run: { ...before.run, backingOff: true } }, warning("BackOff", message, name));
    }
    case "exited":
      if (before.run.state !== "running" || before.run.id !== happening.exit.id) return undefined;
      // Whether its image is still there is asked anew before each start.
      return become({ image: { state: "unknown" }, run: exitedRun(happening.exit, before.run.image) });
    default:
      return unreachable(happening);
  }
}

/** What a run changes that follows another. */
function nextRun({ run, restarts }: ContainerView): Partial<ContainerView> {
  const previous = previousRun(run);
  return previous ? { restarts: restarts + 1, last: previous.terminated } : {};
}
