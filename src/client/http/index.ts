export { clientFromKubeconfig, type FromKubeconfigOptions } from "./from-kubeconfig.ts";
export { createHttpClient } from "./http-client.ts";
export { readKubeconfig, type KubeconfigContext, type KubeconfigOptions } from "./kubeconfig.ts";
export type { HttpClientOptions } from "./requester.ts";
