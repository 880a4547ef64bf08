import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { HttpRequest, Peer, RequestHeaders, Upgrade } from "#http";

/** Headers of which several lines mean several values that must not be joined. */
const DISTINCT = /^impersonate-(group|extra-)/;

const EMPTY = new Uint8Array(0);

/** A request on either protocol. What few handlers ask for is made when it is asked for. */
export class WireRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: RequestHeaders;
  readonly peer: Peer;
  readonly upgrade?: Upgrade;
  readonly #source: Readable;
  readonly #isGone: () => boolean;
  #controller: AbortController | undefined;

  constructor(
    method: string,
    url: string,
    headers: RequestHeaders,
    source: Readable,
    peer: Peer,
    isGone: () => boolean,
    upgrade?: Upgrade,
  ) {
    const mark = url.indexOf("?");
    this.method = method;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? "" : url.slice(mark + 1);
    this.headers = headers;
    this.peer = peer;
    this.#source = source;
    this.#isGone = isGone;
    if (upgrade) this.upgrade = upgrade;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#isGone()) this.#controller.abort(new ClientGone());
    }
    return this.#controller.signal;
  }

  /** The client has gone, or the server stops. */
  abort(): void {
    this.#controller?.abort(new ClientGone());
  }

  body(limit: number): Promise<Uint8Array | undefined> {
    const { headers } = this;
    const announced = headers["content-length"];
    const comesUnannounced = headers["transfer-encoding"] !== undefined || headers[":method"] !== undefined;
    if (announced === undefined && !comesUnannounced) return Promise.resolve(EMPTY);
    if (typeof announced === "string" && Number(announced) > limit) return Promise.resolve(undefined);
    return readAll(this.#source, limit);
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    // A handler that stops reading has not ended the exchange: the answer is still to be sent.
    for await (const chunk of this.#source.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  }
}

/** Why a request's signal aborts. */
export class ClientGone extends Error {
  constructor() {
    super("the client has gone or the server stops");
    this.name = "ClientGone";
  }
}

function readAll(source: Readable, limit: number): Promise<Uint8Array | undefined> {
  if (source.readableEnded) return Promise.resolve(EMPTY);
  if (source.destroyed) return Promise.reject(new ClientGone());
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const stop = () => {
      source.off("data", onData);
      source.off("end", onEnd);
      source.off("error", onGone);
      source.off("close", onGone);
    };
    const onData = (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else {
        stop();
        source.resume();
        resolve(undefined);
      }
    };
    const onEnd = () => {
      stop();
      resolve(chunks.length === 1 ? chunks[0]! : join(chunks, length));
    };
    const onGone = () => {
      stop();
      reject(new ClientGone());
    };
    source.on("data", onData);
    source.on("end", onEnd);
    source.on("error", onGone);
    source.on("close", onGone);
  });
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const result = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

/** Headers with the values of repeated ones kept apart where that matters. `raw` is name, value, name, value … */
export function distinctHeaders(joined: RequestHeaders, raw: readonly string[]): RequestHeaders {
  if (joined["impersonate-user"] === undefined) return joined;
  const result: Record<string, string | readonly string[] | undefined> = { ...joined };
  const lists = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!DISTINCT.test(name)) continue;
    const list = lists.get(name);
    if (list) list.push(raw[i + 1]!);
    else lists.set(name, [raw[i + 1]!]);
  }
  for (const [name, list] of lists) result[name] = list;
  return result;
}

/** The path and query of a request line, also when it names the host. */
export function pathOf({ url = "/" }: Pick<IncomingMessage, "url">): string {
  if (url.startsWith("/")) return url;
  const match = /^[a-z]+:\/\/[^/?]*(.*)$/i.exec(url);
  return match ? (match[1]!.startsWith("/") ? match[1]! : `/${match[1]}`) : "/";
}
