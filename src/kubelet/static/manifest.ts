import {
  applySchemaDefaults,
  decode,
  equalJson,
  jsonText,
  schemaForKind,
  type Container,
  type Draft,
  type Pod,
} from "#objects";
import { CONFIG_HASH, CONFIG_SEEN, CONFIG_SOURCE } from "./annotations.ts";
import { fnv128a } from "./fnv.ts";

const POD = { group: "", version: "v1", kind: "Pod" };

/** A file with a pod in it. */
export interface Manifest {
  /** Its path, which is part of the pod's identity. */
  readonly file: string;
  /** YAML or JSON, one pod. */
  readonly bytes: Uint8Array;
}

export interface ManifestContext {
  readonly nodeName: string;
  /** As annotations have it. */
  readonly seen: string;
}

/**
 * The pod that a manifest asks for (upstream tryDecodeSinglePod and applyDefaults): its name ends in the node's, and its uid
 * comes from what it says, so that a file that changes is another pod. Rejects with an Error that says what is wrong.
 */
export async function staticPod({ file, bytes }: Manifest, { nodeName, seen }: ManifestContext): Promise<Pod> {
  const schema = schemaForKind("", "v1", "Pod");
  if (!schema) throw new Error("there is no schema of pods");
  const { value, kind } = await decode({
    body: { type: "encoded", bytes, mediaType: "application/yaml" },
    schema,
    expected: POD,
    fieldValidation: "Ignore",
  });
  if (!equalJson(kind, POD)) throw new Error(`invalid pod: it is a ${kind.kind}`);
  const pod = value as Draft<Pod>;
  const { name } = pod.metadata ?? {};
  if (!name) throw new Error("invalid pod: name is needed for the pod");
  if (!pod.spec?.containers?.length) throw new Error("invalid pod: it has no containers");
  const uid = pod.metadata.uid || fnv128a(`${jsonText(pod)}host:${nodeName}file:${file}`);
  applySchemaDefaults(value, schema);
  const { spec, metadata } = pod;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) fillIn(container);
  spec.restartPolicy ??= "Always";
  spec.dnsPolicy ??= "ClusterFirst";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.enableServiceLinks ??= true;
  spec.securityContext ??= {};
  spec.schedulerName ??= "default-scheduler";
  return {
    ...pod,
    metadata: {
      ...metadata,
      uid,
      name: `${name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || "default",
      resourceVersion: "1",
      annotations: {
        ...metadata.annotations,
        [CONFIG_HASH]: uid,
        [CONFIG_SEEN]: seen,
        [CONFIG_SOURCE]: "file",
      },
    },
    spec: {
      ...spec,
      nodeName,
      // Trouble of the node is no reason to leave it.
      tolerations: [...(spec.tolerations ?? []).filter(isOther), { operator: "Exists", effect: "NoExecute" }],
    },
    status: { phase: "Pending" },
  };
}

const isOther = ({ operator, effect, key }: { operator?: string; effect?: string; key?: string }) =>
  operator !== "Exists" || effect !== "NoExecute" || Boolean(key);

/** What the API would have filled in, as far as the kubelet needs it. */
function fillIn(container: Draft<Container>): void {
  const { image = "", resources } = container;
  const tag = /:([^:/@]+)(?:@|$)/.exec(image)?.[1];
  container.imagePullPolicy ??=
    image.includes("@") || (tag !== undefined && tag !== "latest") ? "IfNotPresent" : "Always";
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
}
