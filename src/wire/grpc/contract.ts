import type { Clock } from "#base";

/** The methods of a service: what each takes and gives, by `Service.Method`. */
export type MethodTypes<Methods> = { readonly [Name in keyof Methods]: readonly [request: object, response: object] };

/** A message to send: fields left out are zero. */
export type Sent<T> = T extends Uint8Array | string | number | boolean | null
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Sent<Item>[]
    : { readonly [Key in keyof T]?: Sent<T[Key]> | undefined };

export interface GrpcOptions {
  /** A path of a socket, or `host:port` (without TLS). */
  readonly address: string;
  /** Of the services: `runtime.v1`. */
  readonly package: string;
  /** See {@link createCodec}. */
  readonly table: readonly string[];
  /** Sent with every call. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

export interface CallOptions {
  /** The call fails with DeadlineExceeded after this long. Default: never. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Speaks to one server. Connects by itself when something is asked, and again when the connection broke. */
export interface GrpcClient<Methods extends MethodTypes<Methods>> {
  /** Rejects with a GrpcError, or with the signal's reason once that aborts. */
  call<Name extends keyof Methods & string>(
    method: Name,
    request: Sent<Methods[Name][0]>,
    options?: CallOptions,
  ): Promise<Methods[Name][1]>;
  /** What the server streams; not read, it holds the server up. Throws as {@link call} rejects. */
  stream<Name extends keyof Methods & string>(
    method: Name,
    request: Sent<Methods[Name][0]>,
    options?: CallOptions,
  ): AsyncGenerator<Methods[Name][1], void, undefined>;
  /** Calls under way fail. */
  close(): void;
}
