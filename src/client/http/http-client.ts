import { assert, sleep, type Clock } from "#base";
import type { HttpTransport, TransportRequest, TransportResponse } from "#http";
import {
  parseJson,
  jsonText,
  deepFreeze,
  groupVersion,
  StatusError,
  typeInAnswers,
  type KubeObject,
  type New,
  type ObjectKey,
  type ResourceType,
  type Status,
} from "#objects";
import type {
  Client,
  DeleteOptions,
  List,
  ListOptions,
  Patch,
  PatchOptions,
  Selection,
  SubresourceWriteOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../port.ts";
import { createHttpDiscovery } from "./discovery.ts";
import { errorOf } from "./errors.ts";
import { bytesOf, linesOf } from "./lines.ts";
import { pathOf, queryOf } from "./paths.ts";

export interface HttpClientOptions {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** Sent with every request: `authorization` for a token. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly userAgent?: string;
  /** Answers other than watches must be complete by then. Default 60 s, an API server's own limit. */
  readonly timeoutMs?: number;
}

/** One event of a watch is an object: etcd holds none above 1.5 MiB, JSON may escape it. */
const MAX_EVENT_BYTES = 16 * 2 ** 20;
const MAX_ANSWER_BYTES = 512 * 2 ** 20;
/** A server that asks to come back later is asked again so often (client-go). */
const RETRIES = 10;

const CONTENT_TYPES: Readonly<Record<Patch["type"], string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** The {@link Client} of any Kubernetes API server, over HTTP. */
export function createHttpClient(options: HttpClientOptions): Client {
  const { transport, clock, timeoutMs = 60_000 } = options;
  const common = { "user-agent": options.userAgent ?? "knarr", ...options.headers };

  /** Sends, and again while the server says when to come back. Answers of 400 and more are thrown. */
  const send = async (
    request: Omit<TransportRequest, "headers">,
    accept: string,
    contentType?: string,
  ): Promise<TransportResponse> => {
    const headers = { ...common, accept, ...(contentType ? { "content-type": contentType } : {}) };
    for (let attempt = 0; ; attempt++) {
      const response = await transport({ ...request, headers });
      if (response.status < 400) return response;
      const text = new TextDecoder().decode(await bytesOf(response.body, MAX_EVENT_BYTES));
      const seconds = Number(response.header("retry-after"));
      const later = (response.status === 429 || response.status >= 500) && seconds > 0;
      if (!later || attempt >= RETRIES) throw errorOf(response.status, text);
      await sleep(clock, seconds * 1000, request.signal);
    }
  };

  const ask = async <T>(
    method: string,
    path: string,
    {
      body,
      contentType = "application/json",
      accept = "application/json",
      cancel,
    }: {
      readonly body?: object;
      readonly contentType?: string;
      readonly accept?: string;
      readonly cancel?: AbortSignal | undefined;
    } = {},
  ): Promise<T> => {
    const timeout = new AbortController();
    const timer = clock.setTimeout(() => {
      timeout.abort(new Error(`${method} ${path}: no complete answer within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      const response = await send(
        {
          method,
          path,
          signal: cancel ? AbortSignal.any([timeout.signal, cancel]) : timeout.signal,
          ...(body ? { body: new TextEncoder().encode(jsonText(body)) } : {}),
        },
        accept,
        body ? contentType : undefined,
      );
      const bytes = await bytesOf(response.body, MAX_ANSWER_BYTES);
      return deepFreeze(parseJson(new TextDecoder().decode(bytes)) as T);
    } catch (error) {
      throw timeout.signal.aborted && !(error instanceof StatusError) ? timeout.signal.reason : error;
    } finally {
      timer.cancel();
    }
  };

  return {
    discovery: createHttpDiscovery((path, accept) => ask("GET", path, { accept }), clock),

    get: (type, key, { subresource, resourceVersion } = {}) =>
      ask("GET", pathOf(type, key, subresource) + queryOf({ resourceVersion }), { accept: acceptFor(type) }),

    async list<T extends KubeObject>(type: ResourceType<T>, query: ListOptions = {}): Promise<List<T>> {
      const { namespace = "", ...rest } = query;
      const list = await ask<RawList<T>>("GET", pathOf(type, { namespace, name: "" }) + queryOf({ ...rest }), {
        accept: acceptFor(type, "List"),
      });
      const { resourceVersion = "", continue: next, remainingItemCount } = list.metadata;
      return {
        resourceVersion,
        items: (list.items ?? []).map((item) => named(type, item)),
        ...(next ? { continue: next } : {}),
        ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
      };
    },

    async *watch<T extends KubeObject>(type: ResourceType<T>, query: WatchOptions) {
      const { namespace = "", signal, ...rest } = query;
      try {
        const match = rest.sendInitialEvents === undefined ? {} : { resourceVersionMatch: "NotOlderThan" };
        const path = pathOf(type, { namespace, name: "" }) + queryOf({ ...rest, watch: true, ...match });
        const response = await send({ method: "GET", path, signal }, acceptFor(type));
        for await (const lines of linesOf(response.body, MAX_EVENT_BYTES)) {
          const events: WatchEvent<T>[] = [];
          for (const line of lines) {
            const event = deepFreeze(parseJson(line) as RawEvent<T>);
            if (event.type === "ERROR") {
              if (events.length > 0) yield events;
              throw new StatusError(event.object);
            }
            events.push(eventOf(type, event));
          }
          yield events;
        }
      } catch (error) {
        // A caller that stops a watch knows that it ends.
        if (!signal.aborted) throw error;
      }
    },

    create<T extends KubeObject>(type: ResourceType<T>, object: New<T>, write: WriteOptions = {}) {
      assert(!type.metadataOnly, "an object is created whole");
      const { metadata } = object as { readonly metadata?: { readonly namespace?: string } };
      const path = pathOf(type, { namespace: metadata?.namespace ?? "", name: "" });
      const body = { apiVersion: groupVersion(type), kind: type.kind, ...object };
      return ask<T>("POST", path + parameters(write), { body });
    },

    update<T extends KubeObject>(type: ResourceType<T>, object: T, write: SubresourceWriteOptions = {}) {
      assert(!type.metadataOnly, "an object is updated whole");
      const { namespace = "", name = "" } = object.metadata;
      return ask<T>("PUT", pathOf(type, { namespace, name }, write.subresource) + parameters(write), { body: object });
    },

    patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, write: PatchOptions = {}) {
      const path = pathOf(type, key, write.subresource) + parameters(write, { force: write.force });
      const contentType = CONTENT_TYPES[patch.type];
      return ask<T>("PATCH", path, { body: patch.body, contentType, accept: acceptFor(type) });
    },

    delete: <T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, deletion: DeleteOptions = {}) =>
      ask<T | Status>("DELETE", pathOf(type, key), { body: deleteBody(deletion), accept: acceptFor(type) }),

    async deleteCollection(type, { namespace = "", ...selection }: Selection, deletion = {}) {
      const path = pathOf(type, { namespace, name: "" }) + queryOf({ ...selection });
      const { signal, ...options } = deletion;
      try {
        await ask("DELETE", path, { body: deleteBody(options), cancel: signal });
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },

    createSubresource: (type, key, subresource, body, write = {}) =>
      ask("POST", pathOf(type, key, subresource) + parameters(write), { body }),
  };
}

interface RawList<T> {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items?: readonly T[] | null;
}

type RawEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: Status };

function eventOf<T extends KubeObject>(
  type: ResourceType<T>,
  event: Exclude<RawEvent<T>, { readonly type: "ERROR" }>,
): WatchEvent<T> {
  if (event.type !== "BOOKMARK") return { type: event.type, object: named(type, event.object) };
  const { resourceVersion = "", annotations } = event.object.metadata;
  return {
    type: "BOOKMARK",
    resourceVersion,
    initialEventsEnd: annotations?.["k8s.io/initial-events-end"] === "true",
  };
}

/** The items of a list come without their kind; all other objects have it. */
function named<T extends KubeObject>(type: ResourceType<T>, object: T): T {
  if (object.kind && object.apiVersion) return object;
  return Object.freeze({ ...object, ...typeInAnswers(type) });
}

/** JSON, of the whole object or of its metadata. */
const acceptFor = ({ metadataOnly }: ResourceType, list: "List" | "" = ""): string =>
  metadataOnly
    ? `application/json;as=PartialObjectMetadata${list};g=meta.k8s.io;v=v1,application/json`
    : "application/json";

function parameters(
  { dryRun, fieldManager, fieldValidation = "Strict" }: WriteOptions,
  more: Readonly<Record<string, boolean | undefined>> = {},
): string {
  return queryOf({ ...(dryRun ? { dryRun: "All" } : {}), fieldManager, fieldValidation, ...more });
}

function deleteBody({ dryRun, ...options }: DeleteOptions): object {
  return { apiVersion: "v1", kind: "DeleteOptions", ...options, ...(dryRun ? { dryRun: ["All"] } : {}) };
}
