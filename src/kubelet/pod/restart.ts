import { isSidecar, type Container, type Pod } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import type { ContainerKind } from "./view.ts";

/** The second restarts the others too, which does not happen yet. */
const RESTARTS: ReadonlySet<string> = new Set(["Restart", "RestartAllContainers"]);

/**
 * Whether a container that ended with this code is to run again, by its own rules and restart policy or the
 * pod's (upstream podutil.ContainerShouldRestart). Ephemeral containers never are; an init container that has
 * done its work is done.
 */
export function restartsAfter(pod: Pod, container: AnyContainer, kind: ContainerKind, exitCode: number): boolean {
  if (kind === "ephemeral") return false;
  if (kind === "init" && exitCode === 0 && !isSidecar(container)) return false;
  const own = container as Container;
  if (own.restartPolicy !== undefined) {
    const rule = own.restartPolicyRules?.find(({ exitCodes }) => {
      const { operator, values = [] } = exitCodes ?? { operator: "" };
      return operator === "In" ? values.includes(exitCode) : operator === "NotIn" && !values.includes(exitCode);
    });
    if (rule && RESTARTS.has(rule.action)) return true;
  }
  const policy = own.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}
