import grpc from "@grpc/grpc-js";
import { GrpcError, openCodec, type GrpcCode, type MethodTypes, type Sent } from "#wire/grpc";

/** What a method of a test's server does with a request. A GrpcError is answered as such, anything else as Unknown. */
export type GrpcAnswer<Request, Response> = (
  request: Request,
  signal: AbortSignal,
) => Promise<Sent<Response>> | Sent<Response>;

export type GrpcHandlers<Methods extends MethodTypes<Methods>> = {
  readonly [Name in keyof Methods]?: GrpcAnswer<Methods[Name][0], Methods[Name][1]>;
};

export interface GrpcServer extends AsyncDisposable {
  /** Breaks every connection. */
  close(): Promise<void>;
}

export interface ServeOptions<Methods extends MethodTypes<Methods>> {
  readonly socket: string;
  readonly package: string;
  readonly table: readonly string[];
  readonly handlers: GrpcHandlers<Methods>;
}

/** Serves methods of one package on a Unix socket: for tests of clients. */
export async function serveGrpc<Methods extends MethodTypes<Methods>>(
  options: ServeOptions<Methods>,
): Promise<GrpcServer> {
  const server = new grpc.Server();
  await addServices(server, options);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${options.socket}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const close = () => {
    server.forceShutdown();
    return Promise.resolve();
  };
  return { close, [Symbol.asyncDispose]: close };
}

type Handler = GrpcAnswer<object, object>;

async function addServices<Methods extends MethodTypes<Methods>>(
  server: grpc.Server,
  { package: name, table, handlers }: ServeOptions<Methods>,
): Promise<void> {
  const codec = await openCodec(table);
  const byService = new Map<string, [method: string, handler: Handler][]>();
  for (const [full, handler] of Object.entries(handlers)) {
    const [service = "", method = ""] = full.split(".");
    byService.set(service, [...(byService.get(service) ?? []), [method, handler as Handler]]);
  }
  for (const [service, methods] of byService) {
    const definition: Record<string, grpc.MethodDefinition<object, object>> = {};
    const implementation: Record<string, grpc.handleUnaryCall<object, object>> = {};
    for (const [method, handler] of methods) {
      const { request, response } = codec.method(`${service}.${method}`);
      const [input, output] = [codec.message(request), codec.message(response)];
      definition[method] = {
        path: `/${name}.${service}/${method}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (message) => input.encode(message),
        requestDeserialize: (bytes) => input.decode(bytes),
        responseSerialize: (message) => output.encode(message),
        responseDeserialize: (bytes) => output.decode(bytes),
      };
      implementation[method] = (call, answer) => void answerTo(call, answer, handler);
    }
    server.addService(definition, implementation);
  }
}

async function answerTo(
  call: grpc.ServerUnaryCall<object, object>,
  answer: grpc.sendUnaryData<object>,
  handler: Handler,
): Promise<void> {
  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort(new Error("the client has cancelled the call")));
  try {
    answer(null, await handler(call.request, cancelled.signal));
  } catch (error) {
    const code = error instanceof GrpcError ? STATUS[error.code] : grpc.status.UNKNOWN;
    answer({ code: code ?? grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
  }
}

const STATUS: Readonly<Partial<Record<GrpcCode, grpc.status>>> = {
  Canceled: grpc.status.CANCELLED,
  InvalidArgument: grpc.status.INVALID_ARGUMENT,
  DeadlineExceeded: grpc.status.DEADLINE_EXCEEDED,
  NotFound: grpc.status.NOT_FOUND,
  Aborted: grpc.status.ABORTED,
  Unimplemented: grpc.status.UNIMPLEMENTED,
  Internal: grpc.status.INTERNAL,
  Unavailable: grpc.status.UNAVAILABLE,
  FailedPrecondition: grpc.status.FAILED_PRECONDITION,
};
