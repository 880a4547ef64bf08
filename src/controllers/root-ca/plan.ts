import type { ConfigMap, Namespace, New } from "#objects";
import type { Plan } from "../framework/definition.ts";

/** The ConfigMap that pods get the authority from. */
export const ROOT_CA = "kube-root-ca.crt";

const DESCRIPTION = "kubernetes.io/description";
const WHAT_IT_IS =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

export interface RootCaView {
  readonly namespace: Namespace;
  /** The namespace's ConfigMap `kube-root-ca.crt`. */
  readonly published: ConfigMap | undefined;
  /** The certificate of the cluster's authority, PEM. */
  readonly authority: string;
}

export type RootCaStep =
  | { readonly type: "create"; readonly configMap: New<ConfigMap> }
  | { readonly type: "update"; readonly configMap: ConfigMap };

/** What the ConfigMap lacks that tells a namespace's pods the authority (upstream rootcacertpublisher). */
export function planRootCa({ namespace, published, authority }: RootCaView): Plan<RootCaStep> {
  const { name = "", deletionTimestamp } = namespace.metadata;
  if (deletionTimestamp !== undefined) return { steps: [], because: "the namespace is being deleted" };
  const data = { "ca.crt": authority };
  if (!published) {
    const metadata = { name: ROOT_CA, namespace: name, annotations: { [DESCRIPTION]: WHAT_IT_IS } };
    return { steps: [{ type: "create", configMap: { metadata, data } }], because: "it is not there" };
  }
  const { annotations = {} } = published.metadata;
  const isDescribed = Boolean(annotations[DESCRIPTION]);
  const holds = Object.keys(published.data ?? {}).join() === "ca.crt" && published.data?.["ca.crt"] === authority;
  if (holds && isDescribed) return { steps: [], because: "it holds the authority" };
  // A description of the user's goes too where something else is put right, as upstream.
  const metadata = { ...published.metadata, annotations: { ...annotations, [DESCRIPTION]: WHAT_IT_IS } };
  return {
    steps: [{ type: "update", configMap: { ...published, metadata, data } }],
    because: holds ? "it lacks its description" : "it holds something else",
  };
}
