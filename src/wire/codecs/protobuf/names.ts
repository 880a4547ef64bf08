/** The protobuf message of a type: OpenAPI and protobuf name the same types a little differently. */
export const messageName = (schema: string): string =>
  schema
    .replace(/^io\.k8s\./, "k8s.io.")
    .replace("apiextensions-apiserver", "apiextensions_apiserver")
    .replace("kube-aggregator", "kube_aggregator");
