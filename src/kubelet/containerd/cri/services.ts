import type { Clock } from "#base";
import { openGrpc, type GrpcClient } from "#wire/grpc";
import type { CriMethods } from "./messages.ts";

/** Calls to a container runtime: every method of {@link CriMethods}, type-checked. */
export type Cri = GrpcClient<CriMethods>;

/** Speaks CRI v1 to the socket; the table of messages loads here. */
export async function openCri(socket: string, clock: Clock): Promise<Cri> {
  const { default: table } = await import("./messages.json", { with: { type: "json" } });
  return openGrpc<CriMethods>({ address: socket, package: "runtime.v1", table, clock });
}

/** As long as upstream's kubelet waits for most calls (runtimeRequestTimeout). */
export const CALL_MS = 120_000;
/** Sandboxes may take twice as long: the network is set up in them. */
export const SANDBOX_MS = 2 * CALL_MS;
