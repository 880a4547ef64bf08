import grpc from "@grpc/grpc-js";
import { createCodec } from "./codec.ts";
import type { CallOptions, GrpcClient, GrpcOptions, MethodTypes } from "./contract.ts";
import { codeOf, GrpcError } from "./status.ts";

/** As much as upstream's kubelet takes of a runtime (cri-client maxMsgSize). */
const MAX_MESSAGE_BYTES = 16 << 20;

/** A server that was away is tried again this soon, and at least this often. */
const RECONNECT = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 3000 };

/** See {@link GrpcOptions}. Apart from its index, so that the packages load only on the first connection. */
export function openChannel<Methods extends MethodTypes<Methods>>(options: GrpcOptions): GrpcClient<Methods> {
  const { address, clock } = options;
  const codec = createCodec(options.table);
  const client = new grpc.Client(
    address.startsWith("/") ? `unix:${address}` : address,
    grpc.credentials.createInsecure(),
    {
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
      "grpc.enable_retries": 0,
      "grpc.service_config_disable_resolution": 1,
      // A channel of its own: one that is shared would outlive close().
      "grpc.use_local_subchannel_pool": 1,
      ...RECONNECT,
    },
  );
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);

  const prepare = (method: string, { timeoutMs }: CallOptions) => {
    const { request, response } = codec.method(method);
    const answer = codec.message(response);
    return {
      path: `/${options.package}.${method.replace(".", "/")}`,
      encode: (message: object) => codec.message(request).encode(message),
      decode: (bytes: Buffer) => answer.decode(bytes),
      options: timeoutMs === undefined ? {} : { deadline: clock.now() + timeoutMs },
    };
  };

  return {
    call(method, request, callOptions = {}) {
      const { signal } = callOptions;
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const { path, encode, decode, options: limits } = prepare(method, callOptions);
        const call = client.makeUnaryRequest<object, object>(
          path,
          encode,
          decode,
          request,
          metadata,
          limits,
          (error, value) => {
            signal?.removeEventListener("abort", cancel);
            if (!error) resolve(value as Methods[typeof method][1]);
            else reject(signal?.aborted ? (signal.reason as Error) : errorOf(error));
          },
        );
        const cancel = () => call.cancel();
        signal?.addEventListener("abort", cancel, { once: true });
      });
    },
    async *stream(method, request, callOptions = {}) {
      const { signal } = callOptions;
      signal?.throwIfAborted();
      const { path, encode, decode, options: limits } = prepare(method, callOptions);
      const call = client.makeServerStreamRequest<object, object>(path, encode, decode, request, metadata, limits);
      const cancel = () => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        for await (const message of call) yield message as Methods[typeof method][1];
      } catch (error) {
        throw signal?.aborted ? (signal.reason as Error) : errorOf(error as grpc.ServiceError);
      } finally {
        signal?.removeEventListener("abort", cancel);
        cancel();
      }
    },
    close: () => client.close(),
  };
}

const errorOf = ({ code, details, message }: grpc.ServiceError): GrpcError =>
  new GrpcError(codeOf(code), details ?? message);
