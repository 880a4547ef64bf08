import { join } from "node:path";
import type { Pod } from "#objects";

/** Labels and annotations by which upstream's kubelet knows its own again (kuberuntime labels.go, kubelet types). */
export const LABEL = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  container: "io.kubernetes.container.name",
  /** Whose it is, on a containerd that others use too. */
  owner: "knarr.dev/cluster",
} as const;

export const ANNOTATION = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  messagePath: "io.kubernetes.container.terminationMessagePath",
  messagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  preStopHandler: "io.kubernetes.container.preStopHandler",
  ports: "io.kubernetes.container.ports",
  deletionGrace: "io.kubernetes.pod.deletionGracePeriod",
  terminationGrace: "io.kubernetes.pod.terminationGracePeriod",
} as const;

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export const identityOf = ({ metadata: { name = "", namespace = "", uid = "" } }: Pod): PodIdentity => ({
  name,
  namespace,
  uid,
});

export const podLabels = ({ name, namespace, uid }: PodIdentity): Record<string, string> => ({
  [LABEL.podName]: name,
  [LABEL.podNamespace]: namespace,
  [LABEL.podUid]: uid,
});

/** As upstream's logs name a pod: `web_default(1234-…)`. */
export const podText = ({ name, namespace, uid }: PodIdentity): string => `${name}_${namespace}(${uid})`;

/** Where the logs of a pod's containers are. */
export const podLogFolder = (logDir: string, { name, namespace, uid }: PodIdentity): string =>
  join(logDir, `${namespace}_${name}_${uid}`);

/** The uid of the pod that a folder of logs belongs to. */
export const podOfLogFolder = (folder: string): string => folder.split("_").at(-1) ?? "";

/** Within the pod's folder. */
export const containerLogPath = (container: string, attempt: number): string => join(container, `${attempt}.log`);

/** What the kubelet keeps of a pod on the node. */
export const podFolder = (rootDir: string, uid: string): string => join(rootDir, "pods", uid);

/** What the kubelet keeps of one container: files for termination messages. */
export const containerFolder = (rootDir: string, uid: string, container: string): string =>
  join(podFolder(rootDir, uid), "containers", container);

export const hostsFile = (rootDir: string, uid: string): string => join(podFolder(rootDir, uid), "etc-hosts");
