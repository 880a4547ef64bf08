import { containerStatuses, type ContainerStatus, type Pod } from "#objects";
import { eventually, type Kubectl } from "./cluster-under-test.ts";

/** A pod with these containers, in flow style, and more fields of its spec. */
export const pod = (name: string, containers: readonly string[], ...spec: readonly string[]) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} }, annotations: { note: noted } }
spec:
  terminationGracePeriodSeconds: 1
${spec.map((line) => `  ${line}\n`).join("")}  containers:
${containers.map((container) => `    - ${container}\n`).join("")}`;
export const SLEEP = 'image: busybox, command: [sleep, "1000"]';
export const shell = (script: string) => `image: busybox, command: [sh, -c, ${JSON.stringify(script)}]`;
export const ONCE = "restartPolicy: Never";

export const podOf = (kubectl: Kubectl, name: string) => kubectl.json<Pod>("pod", name);
export const statuses = (found: Pod): ReadonlyMap<string, ContainerStatus> =>
  new Map(containerStatuses(found).map((each) => [each.name, each]));
/** Waits until all of these pods are ready. */
export const untilReady = (kubectl: Kubectl, ...pods: readonly string[]): Promise<string> =>
  kubectl("wait", ...pods.map((name) => `pod/${name}`), "--for=condition=Ready", "--timeout=120s");
/** The pod, once it is as wanted. */
export const until = (kubectl: Kubectl, name: string, what: string, holds: (pod: Pod) => boolean | undefined) =>
  eventually(`${name}: ${what}`, async () => {
    const found = await podOf(kubectl, name);
    return holds(found) && found;
  });
export const waitsFor = (reason: string) => (found: ContainerStatus | undefined) =>
  found?.state?.waiting?.reason === reason;
export const isReady = (found: Pod) =>
  found.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
export const ended = (kubectl: Kubectl, name: string) =>
  until(kubectl, name, "to end", ({ status }) => ["Succeeded", "Failed"].includes(status?.phase ?? ""));
/** What Events say of an object: `Warning Failed: …`. */
export async function eventsOf(kubectl: Kubectl, name: string): Promise<readonly string[]> {
  const { items } = await kubectl.json<{ items: { type: string; reason: string; message: string }[] }>(
    "events",
    `--field-selector=involvedObject.name=${name}`,
  );
  return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}
