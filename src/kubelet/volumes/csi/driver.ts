import { messageOf, type Clock } from "#base";
import { GrpcError, openGrpc, type GrpcClient, type GrpcCode, type Sent } from "#wire/grpc";
import { CSI_TABLE, type CsiMethods, type NodeCapability } from "./messages.ts";

/** A call that a driver did not answer well. */
export class CsiError extends Error {
  /** The driver has given up; else it may still be at it, and the next call is to find it where it is. */
  readonly final: boolean;

  constructor(message: string, final: boolean, cause: unknown) {
    super(message, { cause });
    this.name = "CsiError";
    this.final = final;
  }
}

/** A driver that is registered on this node. */
export interface CsiDriver {
  readonly name: string;
  /** What it can do; asked once. Rejects with a CsiError. */
  capabilities(): Promise<ReadonlySet<NodeCapability>>;
  /** Rejects with a CsiError. */
  call<Name extends keyof CsiMethods>(
    method: Name,
    request: Sent<CsiMethods[Name][0]>,
    signal?: AbortSignal,
  ): Promise<CsiMethods[Name][1]>;
  close(): void;
}

/** As long as upstream waits for a driver (csiTimeout). */
export const CSI_TIMEOUT_MS = 120_000;

/** After these codes the call may go on (upstream isFinalError). */
const UNCERTAIN: ReadonlySet<GrpcCode> = new Set([
  "Canceled",
  "DeadlineExceeded",
  "Unavailable",
  "ResourceExhausted",
  "Aborted",
]);

export async function openDriver(name: string, endpoint: string, clock: Clock): Promise<CsiDriver> {
  const options = { address: endpoint, package: "csi.v1", table: CSI_TABLE, clock };
  return driverOf(name, await openGrpc<CsiMethods>(options));
}

function driverOf(name: string, grpc: GrpcClient<CsiMethods>): CsiDriver {
  let known: ReadonlySet<NodeCapability> | undefined;
  const driver: CsiDriver = {
    name,
    async capabilities() {
      if (known) return known;
      const { capabilities } = await driver.call("Node.NodeGetCapabilities", {});
      known = new Set(capabilities.flatMap(({ rpc }) => (rpc ? [rpc.type] : [])));
      return known;
    },
    async call(method, request, signal) {
      try {
        return await grpc.call(method, request, { timeoutMs: CSI_TIMEOUT_MS, signal });
      } catch (error) {
        if (error instanceof GrpcError) throw new CsiError(error.text, !UNCERTAIN.has(error.code), error);
        throw new CsiError(messageOf(error), false, error);
      }
    },
    close: () => grpc.close(),
  };
  return driver;
}
