/** An API server over a memory store, without a wire, for the tests of this room. */
import type { AdmissionChain } from "#admission";
import {
  authorizers,
  discoveryPaths,
  privilegedGroup,
  publicPaths,
  selfReviews,
  staticTokens,
  withAnonymousUsers,
} from "#auth";
import { createLog, createRandom, createVirtualClock, type VirtualClock } from "#base";
import type { Client } from "#client";
import type { HttpRequest, HttpResponse, UserInfo } from "#http";
import { NAMESPACES, type Status } from "#objects";
import { builtInKinds, createRegistry, type Registry, type ResourceDefinition } from "#registry";
import type { Store } from "#store";
import { createMemoryStore } from "#store/memory";
import { createApiServer, type ApiServer, type ApiServerOptions } from "../server.ts";
import { versionInfo } from "../version.ts";

export const ADMIN: UserInfo = { username: "admin", groups: ["system:masters", "system:authenticated"] };

export interface Asked {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  /** The token: `admin` (default), `nobody` (known, may do nothing), empty for none. */
  readonly as?: string;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: HttpResponse["headers"];
  readonly text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
}

export interface ApiWorld extends AsyncDisposable {
  readonly server: ApiServer;
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly registry: Registry;
  readonly store: Store;
  /** What was logged as an error: bugs. */
  readonly errors: readonly unknown[];
  /** Sends `GET /path?query`. A body that is no string is sent as JSON. */
  ask(line: string, options?: Asked): Promise<Answer>;
  /** The answer itself, its body not read. */
  open(line: string, options?: Asked): Promise<HttpResponse>;
}

/** Starts one with the namespace `default` and the built-in kinds, or only some kinds. */
export async function createApiWorld(
  options: {
    readonly definitions?: readonly ResourceDefinition[];
    readonly admission?: AdmissionChain | ((client: Client) => AdmissionChain);
    readonly more?: Partial<ApiServerOptions>;
  } = {},
): Promise<ApiWorld> {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const errors: unknown[] = [];
  const log = createLog((level, message, fields) => {
    if (level === "error") errors.push({ message, ...fields });
  });
  const store = createMemoryStore({ clock });
  const registry = await createRegistry({
    definitions: options.definitions ?? builtInKinds(),
    store,
    clock,
    random,
    log,
  });
  const server = createApiServer({
    registry,
    clock,
    random,
    log,
    authenticator: withAnonymousUsers(staticTokens({ admin: ADMIN, nobody: { username: "nobody", groups: [] } })),
    authorizer: authorizers(privilegedGroup(), publicPaths, discoveryPaths, selfReviews),
    version: versionInfo({ knarr: "0.0.0", platform: "linux/amd64", runtime: "test 1" }),
    ...(options.admission ? { admission: options.admission } : {}),
    ...options.more,
  });
  const client = server.client(ADMIN);
  if (registry.resource("", "namespaces")) await client.create(NAMESPACES, { metadata: { name: "default" } });
  const open = (line: string, asked: Asked = {}) => server.handle(requestOf(line, asked));
  return {
    server,
    client,
    clock,
    registry,
    store,
    errors,
    open,
    async ask(line, asked) {
      const response = await open(line, asked);
      const text = await textOf(response);
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: <T>() => JSON.parse(text) as T,
      };
    },
    async [Symbol.asyncDispose]() {
      await registry.close();
      await store.close();
    },
  };
}

export function requestOf(line: string, { headers, body, as = "admin", signal }: Asked = {}): HttpRequest {
  const [method = "GET", target = "/"] = line.split(" ");
  const [path = "/", query = ""] = target.split("?");
  const bytes =
    body === undefined
      ? new Uint8Array(0)
      : body instanceof Uint8Array
        ? body
        : new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  return {
    method,
    path,
    query,
    headers: { ...(as ? { authorization: `Bearer ${as}` } : {}), ...headers },
    body: (limit) => Promise.resolve(bytes.length > limit ? undefined : bytes),
    signal: signal ?? new AbortController().signal,
  };
}

/** A response's whole body as text. */
export async function textOf({ body }: HttpResponse): Promise<string> {
  const decoder = new TextDecoder();
  switch (body.type) {
    case "empty":
    case "upgraded":
      return "";
    case "bytes":
      return decoder.decode(body.bytes);
    case "pieces": {
      let text = "";
      // Each is looked at before the next: their memory may be the same.
      for (const piece of body.pieces) text += decoder.decode(piece, { stream: true });
      return text + decoder.decode();
    }
    case "stream": {
      let text = "";
      for await (const piece of body.stream) text += decodePiece(piece);
      return text;
    }
  }
}

/** The events of a watch, one at a time. */
export async function* eventsOf(
  response: HttpResponse,
): AsyncGenerator<{ type: string; object: Record<string, unknown> }> {
  if (response.body.type !== "stream") throw new Error(`no stream but ${response.status}: ${await textOf(response)}`);
  let rest = "";
  for await (const piece of response.body.stream) {
    const lines = (rest + decodePiece(piece)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as { type: string; object: Record<string, unknown> };
  }
}

const decodePiece = (piece: Uint8Array | readonly Uint8Array[]) =>
  (piece instanceof Uint8Array ? [piece] : piece).map((part) => new TextDecoder().decode(part)).join("");

/** What a failure says, for short asserts. */
export const failure = (answer: Answer): string => {
  const { code, reason, message } = answer.json<Status>();
  return `${code} ${reason}: ${message}`;
};
