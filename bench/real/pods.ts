import type { LoadClient } from "../http/connection.ts";
import { objectsOfWatch } from "../http/events.ts";

export const PODS = "/api/v1/namespaces/default/pods";

interface PodSeen {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A Pod of one container that does nothing, and goes at once. */
export const idlePod = (name: string, labels: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: true,
    containers: [
      {
        name: "main",
        image: "busybox:1.36",
        imagePullPolicy: "IfNotPresent",
        command: ["httpd", "-f", "-p", "80", "-h", "/etc"],
      },
    ],
  },
});

/** Sees Pods become Ready and go. No name is used again. */
export interface PodWatch {
  /** Resolves at the moment, of the monotonic clock, when the Pod is seen Ready. */
  ready(name: string): Promise<number>;
  gone(name: string): Promise<void>;
  close(): void;
}

export async function watchPods(client: LoadClient): Promise<PodWatch> {
  const readyAt = new Map<string, PromiseWithResolvers<number>>();
  const goneAt = new Map<string, PromiseWithResolvers<void>>();
  const of = <T>(map: Map<string, PromiseWithResolvers<T>>, name: string) => {
    let waiting = map.get(name);
    if (!waiting) map.set(name, (waiting = Promise.withResolvers<T>()));
    return waiting;
  };
  const watch = client.watch(
    `${PODS}?watch=1`,
    objectsOfWatch<PodSeen>((type, { metadata: { name }, status }) => {
      if (type === "DELETED") of(goneAt, name).resolve();
      else if (status?.conditions?.some((one) => one.type === "Ready" && one.status === "True")) {
        of(readyAt, name).resolve(performance.now());
      }
    }),
  );
  await watch.started;
  return {
    ready: (name) => of(readyAt, name).promise,
    gone: (name) => of(goneAt, name).promise,
    close: () => watch.close(),
  };
}

/** Creates a Pod; resolves to the moment when that was acknowledged. */
export async function createPod(client: LoadClient, pod: object): Promise<number> {
  await client.json("POST", PODS, pod);
  return performance.now();
}

/** Deletes Pods and waits until they are gone. */
export async function deletePods(client: LoadClient, watch: PodWatch, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      await client.json("DELETE", `${PODS}/${name}`);
      await watch.gone(name);
    }),
  );
}
