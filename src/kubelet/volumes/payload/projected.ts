import type { Quantities } from "#kubelet";
import {
  goQuote,
  type ConfigMap,
  type Pod,
  type ProjectedVolumeSource,
  type Secret,
  type V1beta1ClusterTrustBundle as ClusterTrustBundle,
  type VolumeProjection,
} from "#objects";
import { downwardPayload } from "./downward.ts";
import { configMapPayload, secretPayload } from "./keys.ts";
import { trustAnchors } from "./trust-anchors.ts";
import { aggregate, DEFAULT_MODE, type Payload, type PayloadFile } from "./payload.ts";

/** What one source of a projected volume refers to; an Error: why it cannot be told. */
export interface LookedUp {
  readonly configMap?: ConfigMap | Error | undefined;
  readonly secret?: Secret | Error | undefined;
  readonly token?: string | Error | undefined;
  readonly trustBundles?: readonly ClusterTrustBundle[] | Error | undefined;
}

export interface Projections {
  readonly pod: Pod;
  readonly allocatable: Quantities;
  /** For each source, in their order. */
  readonly lookedUp: readonly LookedUp[];
  /** The user that all of the pod's containers run as. */
  readonly fsUser: number | undefined;
  readonly fsGroup: number | undefined;
}

/** Files that only the pod's user may read when it has one of its own; its group gets its part with the whole volume. */
const PRIVATE = 0o600;

/** The files of a projected volume; of two at one path the later counts. Throws an Error with upstream's text. */
export function projectedPayload(source: ProjectedVolumeSource, around: Projections): Payload {
  const { defaultMode = DEFAULT_MODE, sources = [] } = source;
  const files = new Map<string, PayloadFile>();
  const errors: Error[] = [];
  for (const [index, projection] of sources.entries()) {
    try {
      const lookedUp = around.lookedUp[index] ?? {};
      for (const [path, file] of project(projection, lookedUp, defaultMode, around)) files.set(path, file);
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  const failed = aggregate(errors);
  if (failed) throw failed;
  return files;
}

function project(
  { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate }: VolumeProjection,
  lookedUp: LookedUp,
  defaultMode: number,
  around: Projections,
): Payload {
  if (secret) {
    const found = required("secret", secret, lookedUp.secret);
    return secretPayload(found, { ...secret, defaultMode });
  }
  if (configMap) {
    const found = required("configmap", configMap, lookedUp.configMap);
    return configMapPayload(found, { ...configMap, defaultMode });
  }
  if (downwardAPI) return downwardPayload(downwardAPI.items ?? [], around.pod, around.allocatable, defaultMode);
  if (serviceAccountToken) {
    const { token } = lookedUp;
    if (token === undefined || token instanceof Error) throw token ?? new Error("there is no token");
    return new Map([[serviceAccountToken.path, { data: Buffer.from(token), ...privately(defaultMode, around) }]]);
  }
  if (clusterTrustBundle) {
    const { trustBundles = [] } = lookedUp;
    if (trustBundles instanceof Error) throw trustBundles;
    const data = Buffer.from(trustAnchors(clusterTrustBundle, trustBundles));
    return new Map([[clusterTrustBundle.path, { data, ...privately(defaultMode, around) }]]);
  }
  // Off by default in 1.36.
  if (podCertificate) throw new Error("PodCertificate projection is not supported by this node");
  return new Map();
}

function privately(defaultMode: number, { fsUser, fsGroup }: Projections) {
  const mode = fsUser === undefined && fsGroup === undefined ? defaultMode : PRIVATE;
  return { mode, ...(fsUser === undefined ? {} : { owner: fsUser }) };
}

/** What was found of an object that is referred to. Undefined: there is none, and there need not be. Throws an Error with upstream's text. */
export function required<T>(
  kind: "configmap" | "secret",
  { name = "", optional = false }: { readonly name?: string; readonly optional?: boolean },
  found: T | Error | undefined,
): T | undefined {
  if (found instanceof Error) throw found;
  if (found === undefined && !optional) throw new Error(`${kind} ${goQuote(name)} not found`);
  return found;
}
