import { sleep, type Clock } from "#base";
import type { HttpTransport, TransportRequest, TransportResponse } from "#http";
import { deepFreeze, jsonText, parseJson, StatusError } from "#objects";
import { errorOf } from "./errors.ts";
import { bytesOf } from "./lines.ts";

export interface HttpClientOptions {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** Sent with every request: `authorization` for a token. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly userAgent?: string;
  /** Answers other than watches must be complete by then. Default 60 s, an API server's own limit. */
  readonly timeoutMs?: number;
}

const MAX_REFUSAL_BYTES = 16 * 2 ** 20;
const MAX_ANSWER_BYTES = 512 * 2 ** 20;
/** A server that asks to come back later is asked again so often (client-go). */
const RETRIES = 10;

export interface Question {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Default: JSON, where there is a body. */
  readonly contentType?: string;
  /** Default: JSON. */
  readonly accept?: string;
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Asks an API server, and again while it says when to come back. Knows headers and time limits, no kinds. */
export class Requester {
  readonly #transport: HttpTransport;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ transport, clock, headers, userAgent = "knarr", timeoutMs = 60_000 }: HttpClientOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#headers = { "user-agent": userAgent, ...headers };
  }

  /** The beginning of an answer, whose body is still to come. Throws a StatusError for an answer of 400 and more. */
  async begin(question: Question): Promise<TransportResponse> {
    const request = this.#request(question);
    for (let attempt = 0; ; attempt++) {
      const response = await this.#transport(request);
      if (response.status < 400) return response;
      const text = new TextDecoder().decode(await bytesOf(response.body, MAX_REFUSAL_BYTES));
      const seconds = Number(response.header("retry-after"));
      const later = (response.status === 429 || response.status >= 500) && seconds > 0;
      if (!later || attempt >= RETRIES) throw errorOf(response.status, text);
      await sleep(this.#clock, seconds * 1000, request.signal);
    }
  }

  /** The whole answer, frozen. Rejects when it is not complete within the time limit. */
  async ask<T>(question: Question): Promise<T> {
    const { method, path, signal } = question;
    const timeout = new AbortController();
    const timer = this.#clock.setTimeout(() => {
      timeout.abort(new Error(`${method} ${path}: no complete answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      const either = signal ? AbortSignal.any([timeout.signal, signal]) : timeout.signal;
      const response = await this.begin({ ...question, signal: either });
      const bytes = await bytesOf(response.body, MAX_ANSWER_BYTES);
      return deepFreeze(parseJson(new TextDecoder().decode(bytes)) as T);
    } catch (error) {
      throw timeout.signal.aborted && !(error instanceof StatusError) ? timeout.signal.reason : error;
    } finally {
      timer.cancel();
    }
  }

  #request({ method, path, body, contentType, accept, signal }: Question): TransportRequest {
    const json = "application/json";
    const sent = body && {
      body: new TextEncoder().encode(jsonText(body)),
      contentType: contentType ?? json,
    };
    return {
      method,
      path,
      headers: { ...this.#headers, accept: accept ?? json, ...(sent && { "content-type": sent.contentType }) },
      ...(sent && { body: sent.body }),
      ...(signal && { signal }),
    };
  }
}
