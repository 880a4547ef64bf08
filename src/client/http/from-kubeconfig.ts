import type { Clock } from "#base";
import type { Connection, HttpTransport } from "#http";
import type { Client } from "../port.ts";
import { createHttpClient } from "./http-client.ts";
import { readKubeconfig, type KubeconfigOptions } from "./kubeconfig.ts";

export interface FromKubeconfigOptions extends KubeconfigOptions {
  readonly clock: Clock;
  /** Opens the transport: createNodeTransport of `#wire`, or one of one's own. */
  readonly connect: (connection: Connection) => HttpTransport;
  readonly userAgent?: string;
}

/** The client of a kubeconfig's context, and the namespace that the context names (default `default`). */
export async function clientFromKubeconfig(
  text: string,
  options: FromKubeconfigOptions,
): Promise<{ readonly client: Client; readonly namespace: string }> {
  const { connection, authorization, namespace } = await readKubeconfig(text, options);
  const client = createHttpClient({
    transport: options.connect(connection),
    clock: options.clock,
    ...(authorization ? { headers: { authorization } } : {}),
    ...(options.userAgent ? { userAgent: options.userAgent } : {}),
  });
  return { client, namespace: namespace || "default" };
}
