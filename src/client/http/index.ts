export { clientFromKubeconfig, type FromKubeconfigOptions } from "./from-kubeconfig.ts";
export { createHttpClient, type HttpClientOptions } from "./http-client.ts";
export { readKubeconfig, type KubeconfigContext, type KubeconfigOptions } from "./kubeconfig.ts";
