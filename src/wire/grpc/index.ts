import type { GrpcClient, GrpcOptions, MethodTypes } from "./contract.ts";

export type * from "./contract.ts";
export { codeText, GrpcError, type GrpcCode } from "./status.ts";

/** Makes a client; whether there is a server shows at the first call. The packages for it load here. */
export async function openGrpc<Methods extends MethodTypes<Methods>>(
  options: GrpcOptions,
): Promise<GrpcClient<Methods>> {
  const { openChannel } = await import("./channel.ts");
  return openChannel<Methods>(options);
}
