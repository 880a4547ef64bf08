import type { Throttle } from "#base";
import type { DeleteOptions, List, Patch, PatchOptions, WatchEvent as ClientWatchEvent, WatchOptions } from "#client";
import type { UserInfo } from "#http";
import {
  deepFreeze,
  noSuchPath,
  partialMetadataOf,
  StatusError,
  type KubeObject,
  type ResourceType,
  validateDeleteOptions,
} from "#objects";
import { convertAhead, inVersion, parsed, type ResolvedResource, type StoredObject, type WatchEvent } from "#registry";
import { execute } from "./execute.ts";
import type { DeleteParameters, Operation, Result, WriteParameters } from "./operation.ts";
import { validateWriteOptions } from "./options.ts";
import type { ServerContext } from "./server-context.ts";
import { subresourceOf } from "./target.ts";

export interface CallerOptions {
  readonly user: UserInfo;
  /** Whom its writes are recorded under, as the start of a User-Agent is for others. */
  readonly manager: string;
  readonly throttle: Throttle;
}

/** The target of an operation, and who asks. */
type Address = Pick<Operation, "user" | "target" | "namespace" | "subresource" | "warn">;

/** One user in this process: makes operations out of what a client is called with, has them executed, shows the results. */
export class InProcessCaller {
  readonly #context: ServerContext;
  readonly #options: CallerOptions;

  constructor(context: ServerContext, options: CallerOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Throws what a path that is not served answers over HTTP. */
  address(type: ResourceType, namespace: string, subresource?: string): Address {
    const target = this.#context.registry.resolve(type.group, type.version, type.resource);
    if (!target) throw noSuchPath();
    if (subresource && !subresourceOf(target.resource.definition, subresource)) throw noSuchPath();
    return {
      user: this.#options.user,
      target,
      namespace: type.namespaced ? namespace : "",
      ...(subresource ? { subresource } : {}),
      warn: ignored,
    };
  }

  /** Checked as what comes over HTTP is. */
  write(
    kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
    { dryRun = false, fieldManager, fieldValidation = "Strict", force }: PatchOptions,
    patch?: Patch,
  ): WriteParameters & { readonly force?: boolean } {
    const forced = force === undefined ? {} : { force };
    const written = { dryRun: [], fieldManager: fieldManager ?? "", fieldValidation, ...forced };
    validateWriteOptions(kind, written, patch?.type === "apply");
    return { dryRun, fieldManager: fieldManager ?? this.#options.manager, fieldValidation, ...forced };
  }

  async run(operation: Operation): Promise<Result> {
    // In this process a request may never wait for anything: others are to get their turn too.
    await this.#options.throttle();
    return execute(this.#context, operation);
  }

  async object<T>(type: ResourceType, operation: Operation): Promise<T> {
    const found = await this.run(operation);
    if (found.type === "object") {
      if (!type.metadataOnly) await convertAhead(operation.target, [found.object]);
      return shown(type, operation.target, found.object) as T;
    }
    if (found.type === "value") return deepFreeze(found.value) as T;
    throw new Error(`a ${found.type} is no object`);
  }

  async list<T extends KubeObject>(type: ResourceType<T>, operation: Operation): Promise<List<T>> {
    const result = await this.run(operation);
    if (result.type !== "list") throw new Error("no list");
    const { list } = result;
    await parsed(list.items, this.#context.clock);
    if (!type.metadataOnly) await convertAhead(operation.target, list.items);
    return {
      resourceVersion: list.resourceVersion,
      items: list.items.map((item) => shown(type, operation.target, item) as T),
      ...(list.continue === undefined ? {} : { continue: list.continue }),
      ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
    };
  }

  async *watch<T extends KubeObject>(type: ResourceType<T>, query: WatchOptions) {
    const match = query.sendInitialEvents === undefined ? {} : { resourceVersionMatch: "NotOlderThan" };
    const address = this.address(type, query.namespace ?? "");
    const result = await this.run({ ...address, verb: "watch", query: { ...query, ...match } });
    if (result.type !== "watch") throw new Error("no watch");
    for await (const batch of result.events) {
      const error = batch.find((event) => event.type === "ERROR");
      if (!type.metadataOnly) {
        const objects = batch.flatMap((event) => ("object" in event ? event.object : []));
        await convertAhead(address.target, objects);
      }
      const events: ClientWatchEvent<T>[] = [];
      for (const event of batch) {
        if (event.type === "ERROR") break;
        events.push(clientEvent(type, address.target, event));
      }
      if (events.length > 0) yield events;
      if (error?.type === "ERROR") throw new StatusError(error.status);
    }
  }
}

/** Nothing here shows warnings to a user. */
const ignored = (): void => {};

/** Checked as what comes over HTTP is. */
export function deletionOf({ dryRun = false, ...options }: DeleteOptions): DeleteParameters {
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
