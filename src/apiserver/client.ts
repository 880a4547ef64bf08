import { assert, type Throttle } from "#base";
import type {
  Client,
  DeleteOptions,
  Discovery,
  List,
  ListOptions,
  Patch,
  PatchOptions,
  WatchEvent as ClientWatchEvent,
} from "#client";
import type { UserInfo } from "#http";
import {
  deepFreeze,
  noSuchPath,
  partialMetadataOf,
  StatusError,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
  type Status,
  validateDeleteOptions,
} from "#objects";
import { convertAhead, inVersion, parsed, type ResolvedResource, type StoredObject, type WatchEvent } from "#registry";
import { execute } from "./execute.ts";
import type { ServerContext } from "./server-context.ts";
import type { DeleteParameters, Operation, Result, WriteParameters } from "./operation.ts";
import { validateWriteOptions } from "./options.ts";
import { subresourceOf } from "./target.ts";

/**
 * The {@link Client} of one user in this process: no wire, no encoding, frozen objects shared with the caches.
 * `manager` is who its writes are recorded under, as the start of a User-Agent is for others.
 */
export function createInProcessClient(
  context: ServerContext,
  discovery: Discovery,
  { user, manager, throttle }: { readonly user: UserInfo; readonly manager: string; readonly throttle: Throttle },
): Client {
  const parametersOf = (
    kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
    options: PatchOptions,
    patch?: Patch,
  ): WriteParameters & { readonly force?: boolean } => {
    const { dryRun = false, fieldManager, fieldValidation = "Strict", force } = options;
    const forced = force === undefined ? {} : { force };
    const written = { dryRun: [], fieldManager: fieldManager ?? "", fieldValidation, ...forced };
    validateWriteOptions(kind, written, patch?.type === "apply");
    return { dryRun, fieldManager: fieldManager ?? manager, fieldValidation, ...forced };
  };
  const targetOf = (type: ResourceType): ResolvedResource => {
    const target = context.registry.resolve(type.group, type.version, type.resource);
    if (!target) throw noSuchPath();
    return target;
  };
  const common = (type: ResourceType, namespace: string, subresource?: string) => {
    const target = targetOf(type);
    // Over HTTP there would be no such path.
    if (subresource && !subresourceOf(target.resource.definition, subresource)) throw noSuchPath();
    return {
      user,
      target,
      namespace: type.namespaced ? namespace : "",
      ...(subresource ? { subresource } : {}),
      warn: () => {},
    };
  };
  const run = async (operation: Operation) => {
    // In this process a request may never wait for anything: others are to get their turn too.
    await throttle();
    return execute(context, operation);
  };
  const objectOf = async <T>(
    type: ResourceType,
    { target }: { readonly target: ResolvedResource },
    result: Promise<Result>,
  ): Promise<T> => {
    const found = await result;
    if (found.type === "object") {
      if (!type.metadataOnly) await convertAhead(target, [found.object]);
      return shown(type, target, found.object) as T;
    }
    if (found.type === "value") return deepFreeze(found.value) as T;
    throw new Error(`a ${found.type} is no object`);
  };

  const client: Client = {
    discovery,
    async get(type, key, options = {}) {
      const { subresource, resourceVersion } = options;
      const operation: Operation = {
        ...common(type, key.namespace, subresource),
        verb: "get",
        name: key.name,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      };
      return objectOf(type, operation, run(operation));
    },
    async list<T extends KubeObject>(type: ResourceType<T>, query: ListOptions = {}): Promise<List<T>> {
      const operation: Operation = { ...common(type, query.namespace ?? ""), verb: "list", query };
      const result = await run(operation);
      if (result.type !== "list") throw new Error("no list");
      const { list } = result;
      await parsed(list.items, context.clock);
      if (!type.metadataOnly) await convertAhead(operation.target, list.items);
      return {
        resourceVersion: list.resourceVersion,
        items: list.items.map((item) => shown(type, operation.target, item) as T),
        ...(list.continue === undefined ? {} : { continue: list.continue }),
        ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
      };
    },
    async *watch<T extends KubeObject>(type: ResourceType<T>, query: Parameters<Client["watch"]>[1]) {
      const operation: Operation = {
        ...common(type, query.namespace ?? ""),
        verb: "watch",
        query: query.sendInitialEvents === undefined ? query : { ...query, resourceVersionMatch: "NotOlderThan" },
      };
      const result = await run(operation);
      if (result.type !== "watch") throw new Error("no watch");
      for await (const batch of result.events) {
        const error = batch.find((event) => event.type === "ERROR");
        if (!type.metadataOnly) {
          const objects = batch.flatMap((event) => ("object" in event ? event.object : []));
          await convertAhead(operation.target, objects);
        }
        const events: ClientWatchEvent<T>[] = [];
        for (const event of batch) {
          if (event.type === "ERROR") break;
          events.push(clientEvent(type, operation.target, event));
        }
        if (events.length > 0) yield events;
        if (error?.type === "ERROR") throw new StatusError(error.status);
      }
    },
    async create(type, object, options = {}) {
      assert(!type.metadataOnly, "an object is created whole");
      const { metadata } = object as { readonly metadata?: { readonly namespace?: string } };
      const operation: Operation = {
        ...common(type, metadata?.namespace ?? ""),
        verb: "create",
        body: { type: "value", value: object },
        options: parametersOf("CreateOptions", options),
      };
      return objectOf(type, operation, run(operation));
    },
    async update(type, object, options = {}) {
      assert(!type.metadataOnly, "an object is updated whole");
      const { namespace = "", name = "" } = object.metadata;
      const operation: Operation = {
        ...common(type, namespace, options.subresource),
        verb: "update",
        name,
        body: { type: "value", value: object },
        options: parametersOf("UpdateOptions", options),
      };
      return objectOf(type, operation, run(operation));
    },
    async patch(type, key, patch, options = {}) {
      const operation: Operation = {
        ...common(type, key.namespace, options.subresource),
        verb: "patch",
        name: key.name,
        patch: { type: patch.type, body: { type: "value", value: patch.body } },
        options: parametersOf("PatchOptions", options, patch),
      };
      return objectOf(type, operation, run(operation));
    },
    async delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options = {}): Promise<T | Status> {
      const operation: Operation = {
        ...common(type, key.namespace),
        verb: "delete",
        name: key.name,
        options: deletionOf(options),
      };
      return objectOf<T | Status>(type, operation, run(operation));
    },
    async deleteCollection(type, selection, options = {}) {
      await run({
        ...common(type, selection.namespace ?? ""),
        verb: "deletecollection",
        query: selection,
        options: { ...deletionOf(options), ...(options.signal ? { signal: options.signal } : {}) },
      });
    },
    async createSubresource(type, key, subresource, body, options = {}) {
      const operation: Operation = {
        ...common(type, key.namespace, subresource),
        verb: "create",
        name: key.name,
        body: { type: "value", value: body },
        options: parametersOf("CreateOptions", options),
      };
      return objectOf(type, operation, run(operation));
    },
  };
  return client;
}

/** Checked as what comes over HTTP is. */
function deletionOf({ dryRun = false, ...options }: DeleteOptions): DeleteParameters {
  return validateDeleteOptions({ ...options, dryRun: dryRun ? ["All"] : [] });
}

/** In the version and the form that were asked for: the object itself, or its own metadata. Nothing is copied. */
function shown(type: ResourceType, target: ResolvedResource, stored: StoredObject): KubeObject {
  return type.metadataOnly ? partialMetadataOf(stored.object) : inVersion(target, stored).object;
}

function clientEvent<T extends KubeObject>(
  type: ResourceType<T>,
  target: ResolvedResource,
  event: Exclude<WatchEvent, { readonly type: "ERROR" }>,
): ClientWatchEvent<T> {
  if (event.type === "BOOKMARK") {
    const { revision, initialEventsEnd } = event;
    return { type: "BOOKMARK", resourceVersion: String(revision), initialEventsEnd };
  }
  return { type: event.type, object: shown(type, target, event.object) as T };
}
