import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createScope, systemClock } from "#base";
import { clientFromKubeconfig, type Client } from "#client";
import { createNodeTransport } from "#wire";
import { KNARR_VERSION } from "./version.ts";

export interface ConnectOptions {
  /** Default: the current context. */
  readonly context?: string;
  /** Where the files lie that the kubeconfig names by relative paths: its own folder. Default: the working directory. */
  readonly folder?: string;
}

/** A cluster that runs elsewhere. `await using` closes the connections at the end of the block. */
export interface RemoteCluster extends AsyncDisposable {
  /** The client of the kubeconfig's user, over HTTPS; it behaves as the one of a cluster in this process does. */
  readonly client: Client;
  /** What the context names; `default` if it names none. */
  readonly namespace: string;
}

/**
 * A client of any cluster, Knarr's or another, by the text of a kubeconfig. Nothing is asked of the cluster yet.
 *
 * @throws KubeconfigError when the text cannot be used, such as one that needs a credential plugin.
 */
export async function connectCluster(kubeconfig: string, options: ConnectOptions = {}): Promise<RemoteCluster> {
  const { context, folder = "." } = options;
  const scope = createScope("remote cluster");
  const { client, namespace } = await clientFromKubeconfig(kubeconfig, {
    clock: systemClock,
    connect: (connection) => createNodeTransport(connection, { clock: systemClock, scope }),
    readFile: (path) => readFile(resolve(folder, path), "utf8"),
    userAgent: `knarr/${KNARR_VERSION}`,
    ...(context === undefined ? {} : { context }),
  });
  return { client, namespace, [Symbol.asyncDispose]: () => scope.close() };
}
