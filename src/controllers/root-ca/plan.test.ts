import type { ConfigMap, Namespace } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planRootCa, type RootCaView } from "./plan.ts";

const namespace = (metadata: Namespace["metadata"] = {}): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", ...metadata },
});

const DESCRIBED = { "kubernetes.io/description": "what it is" };
const published = (data: ConfigMap["data"], annotations: Record<string, string> = DESCRIBED): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "kube-root-ca.crt", namespace: "shop", annotations },
  ...(data ? { data } : {}),
});

const view = (configMap: ConfigMap | undefined, metadata?: Namespace["metadata"]): RootCaView => ({
  namespace: namespace(metadata),
  published: configMap,
  authority: "PEM",
});

const example = transcripts({
  plan: planRootCa,
  tell({ type, configMap: { metadata, data = {} } }) {
    const entries = Object.entries(data).map(([key, value]) => `${key}=${value}`);
    const annotated = Object.entries(metadata.annotations ?? {}).map(([key, value]) => `${key}=${value.slice(0, 20)}`);
    return `${type} ${metadata.namespace}/${metadata.name} with ${entries.join()}, ${annotated.join()}`;
  },
});

example(
  "a namespace gets the authority, with a word of what it is",
  view(undefined),
  `
  1. create shop/kube-root-ca.crt with ca.crt=PEM, kubernetes.io/description=Contains a CA bundle
  because it is not there
`,
);

example(
  "what a client has changed is put right, and its own annotations stay",
  view(published({ "ca.crt": "PEM", more: "x" }, { mine: "1", ...DESCRIBED })),
  `
  1. update shop/kube-root-ca.crt with ca.crt=PEM, mine=1,kubernetes.io/description=Contains a CA bundle
  because it holds something else
`,
);

example(
  "a description that a client took away comes back",
  view(published({ "ca.crt": "PEM" }, {})),
  `
  1. update shop/kube-root-ca.crt with ca.crt=PEM, kubernetes.io/description=Contains a CA bundle
  because it lacks its description
`,
);

example(
  "a description of the client's own may stay",
  view(published({ "ca.crt": "PEM" })),
  `
  do nothing
  because it holds the authority
`,
);

example(
  "a namespace that is being deleted gets nothing any more",
  view(undefined, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  `
  do nothing
  because the namespace is being deleted
`,
);
