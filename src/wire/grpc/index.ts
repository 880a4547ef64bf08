import type { Codec } from "./codec.ts";
import type { GrpcClient, GrpcOptions, MethodTypes } from "./contract.ts";

export type * from "./contract.ts";
export type { Codec, MessageCodec } from "./codec.ts";
export { codeText, GrpcError, type GrpcCode } from "./status.ts";

/** See {@link Codec}; for what serves instead of asking. */
export async function openCodec(table: readonly string[]): Promise<Codec> {
  const { createCodec } = await import("./codec.ts");
  return createCodec(table);
}

/** Makes a client; whether there is a server shows at the first call. The packages for it load here. */
export async function openGrpc<Methods extends MethodTypes<Methods>>(
  options: GrpcOptions,
): Promise<GrpcClient<Methods>> {
  const { openChannel } = await import("./channel.ts");
  return openChannel<Methods>(options);
}
