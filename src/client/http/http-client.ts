import { assert } from "#base";
import {
  groupVersion,
  StatusError,
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
import { eventsOf, listOf, type RawList } from "./answers.ts";
import { createHttpDiscovery } from "./discovery.ts";
import { linesOf } from "./lines.ts";
import { pathOf, queryOf } from "./paths.ts";
import { Requester, type HttpClientOptions } from "./requester.ts";

/** One event of a watch is an object: etcd holds none above 1.5 MiB, JSON may escape it. */
const MAX_EVENT_BYTES = 16 * 2 ** 20;

const CONTENT_TYPES: Readonly<Record<Patch["type"], string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** The {@link Client} of any Kubernetes API server, over HTTP. */
export function createHttpClient(options: HttpClientOptions): Client {
  const requester = new Requester(options);
  return {
    discovery: createHttpDiscovery((path, accept) => requester.ask({ method: "GET", path, accept }), options.clock),

    get(type, key, { subresource, ...query } = {}) {
      const path = pathOf(type, key, subresource) + queryOf(query);
      return requester.ask({ method: "GET", path, accept: acceptFor(type) });
    },

    async list<T extends KubeObject>(type: ResourceType<T>, query: ListOptions = {}): Promise<List<T>> {
      const { namespace = "", ...rest } = query;
      const path = pathOf(type, { namespace, name: "" }) + queryOf({ ...rest });
      return listOf(type, await requester.ask<RawList<T>>({ method: "GET", path, accept: acceptFor(type, "List") }));
    },

    watch: (type, query) => watched(requester, type, query),

    create<T extends KubeObject>(type: ResourceType<T>, object: New<T>, write: WriteOptions = {}) {
      assert(!type.metadataOnly, "an object is created whole");
      const { metadata } = object as { readonly metadata?: { readonly namespace?: string } };
      const path = pathOf(type, { namespace: metadata?.namespace ?? "", name: "" }) + parameters(write);
      const body = { apiVersion: groupVersion(type), kind: type.kind, ...object };
      return requester.ask<T>({ method: "POST", path, body });
    },

    update<T extends KubeObject>(type: ResourceType<T>, object: T, write: SubresourceWriteOptions = {}) {
      assert(!type.metadataOnly, "an object is updated whole");
      const { namespace = "", name = "" } = object.metadata;
      const path = pathOf(type, { namespace, name }, write.subresource) + parameters(write);
      return requester.ask<T>({ method: "PUT", path, body: object });
    },

    patch<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, patch: Patch, write: PatchOptions = {}) {
      const path = pathOf(type, key, write.subresource) + parameters(write, { force: write.force });
      const contentType = CONTENT_TYPES[patch.type];
      return requester.ask<T>({ method: "PATCH", path, body: patch.body, contentType, accept: acceptFor(type) });
    },

    delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, deletion: DeleteOptions = {}) {
      const body = deleteBody(deletion);
      return requester.ask<T | Status>({ method: "DELETE", path: pathOf(type, key), body, accept: acceptFor(type) });
    },

    async deleteCollection(type, { namespace = "", ...selection }: Selection, { signal, ...deletion } = {}) {
      const path = pathOf(type, { namespace, name: "" }) + queryOf({ ...selection });
      try {
        await requester.ask({ method: "DELETE", path, body: deleteBody(deletion), signal });
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },

    createSubresource(type, key, subresource, body, write = {}) {
      const path = pathOf(type, key, subresource) + parameters(write);
      return requester.ask({ method: "POST", path, body });
    },
  };
}

async function* watched<T extends KubeObject>(
  requester: Requester,
  type: ResourceType<T>,
  { namespace = "", signal, ...query }: WatchOptions,
): AsyncGenerator<readonly WatchEvent<T>[], void, undefined> {
  try {
    const match = query.sendInitialEvents === undefined ? {} : { resourceVersionMatch: "NotOlderThan" };
    const path = pathOf(type, { namespace, name: "" }) + queryOf({ ...query, watch: true, ...match });
    const response = await requester.begin({ method: "GET", path, signal, accept: acceptFor(type) });
    for await (const lines of linesOf(response.body, MAX_EVENT_BYTES)) {
      const { events, error } = eventsOf(type, lines);
      if (!error || events.length > 0) yield events;
      if (error) throw new StatusError(error);
    }
  } catch (error) {
    // A caller that stops a watch knows that it ends.
    if (!signal.aborted) throw error;
  }
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
