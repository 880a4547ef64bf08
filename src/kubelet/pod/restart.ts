import { isSidecar, type Container, type Pod } from "#objects";

/** Whether a container that ended with this code is to run again, by its own restart policy or the pod's. */
export function restartsAfter(pod: Pod, container: Container, kind: "init" | "main", exitCode: number): boolean {
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  for (const rule of container.restartPolicyRules ?? []) {
    const { operator, values = [] } = rule.exitCodes ?? { operator: "" };
    const matches = operator === "In" ? values.includes(exitCode) : operator === "NotIn" && !values.includes(exitCode);
    if (matches) return rule.action === "Restart";
  }
  if (kind === "init" && !isSidecar(container)) return exitCode !== 0 && policy !== "Never";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}
