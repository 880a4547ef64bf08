import type { Client, SharedCaches } from "#client";
import { groupResource, type KubeObject, type ResourceType } from "#objects";

/**
 * What a controller may do to a kind: `create`, `update/status`, `create/binding`; `get/*` is of every subresource.
 * Reading is `get`, `list` and `watch`.
 */
export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"
  | `${"get" | "create" | "update" | "patch"}/${string}`;

/** Every kind there is: for controllers of kinds that are known only at run time. */
export const ANY_KIND = "any kind";

/** Leave to do something to the objects of a kind. */
export interface Access {
  readonly type: ResourceType | typeof ANY_KIND;
  readonly verbs: readonly Verb[];
}

/** `allow(PODS, "create", "delete")` */
export const allow = (type: ResourceType | typeof ANY_KIND, ...verbs: readonly Verb[]): Access => ({ type, verbs });

/** A controller has done what it does not declare: a mistake in its definition, or in what it does. */
export class UndeclaredAccess extends Error {}

/** What a controller declares, made fit for questions. */
export class Permissions {
  readonly #name: string;
  readonly #verbs = new Map<string, Set<string>>();

  readonly #onRefused: ((error: UndeclaredAccess) => void) | undefined;

  /** `watched`: the kinds that may be read. */
  constructor(
    name: string,
    watched: Iterable<ResourceType>,
    accesses: readonly Access[],
    onRefused?: (error: UndeclaredAccess) => void,
  ) {
    this.#name = name;
    this.#onRefused = onRefused;
    for (const type of watched) this.#add(type, ["get", "list", "watch"]);
    for (const { type, verbs } of accesses) this.#add(type, verbs);
  }

  /** @throws UndeclaredAccess unless it is declared. */
  check(type: ResourceType, verb: string, subresource?: string): void {
    const wanted = subresource ? `${verb}/${subresource}` : verb;
    const resource = groupResource(type);
    const allowed = (verbs: ReadonlySet<string> | undefined) =>
      verbs !== undefined && (verbs.has(wanted) || (subresource !== undefined && verbs.has(`${verb}/*`)));
    if (allowed(this.#verbs.get(resource)) || allowed(this.#verbs.get(ANY_KIND))) return;
    const error = new UndeclaredAccess(`${this.#name} does not declare "${wanted}" on ${resource}`);
    this.#onRefused?.(error);
    throw error;
  }

  #add(type: Access["type"], verbs: readonly string[]): void {
    const name = type === ANY_KIND ? ANY_KIND : groupResource(type);
    const known = this.#verbs.get(name);
    if (known) for (const verb of verbs) known.add(verb);
    else this.#verbs.set(name, new Set(verbs));
  }
}

/** The client without what is not declared. */
export function guardClient(client: Client, permissions: Permissions): Client {
  return {
    discovery: client.discovery,
    async get(type, key, options) {
      permissions.check(type, "get", options?.subresource);
      return client.get(type, key, options);
    },
    async list(type, options) {
      permissions.check(type, "list");
      return client.list(type, options);
    },
    watch(type, options) {
      permissions.check(type, "watch");
      return client.watch(type, options);
    },
    async create(type, object, options) {
      permissions.check(type, "create");
      return client.create(type, object, options);
    },
    async update(type, object, options) {
      permissions.check(type, "update", options?.subresource);
      return client.update(type, object, options);
    },
    async patch(type, key, patch, options) {
      permissions.check(type, "patch", options?.subresource);
      return client.patch(type, key, patch, options);
    },
    async delete(type, key, options) {
      permissions.check(type, "delete");
      return client.delete(type, key, options);
    },
    async deleteCollection(type, selection, options) {
      permissions.check(type, "deletecollection");
      return client.deleteCollection(type, selection, options);
    },
    async createSubresource(type, key, subresource, body, options) {
      permissions.check(type, "create", subresource);
      return client.createSubresource(type, key, subresource, body, options);
    },
  };
}

/** The caches of the kinds that are declared. */
export function guardCaches(caches: SharedCaches, permissions: Permissions): SharedCaches {
  /** A type is asked for again and again, and is the same object each time. */
  const allowed = new WeakSet<ResourceType>();
  const check = (type: ResourceType) => {
    if (allowed.has(type)) return;
    permissions.check(type, "watch");
    allowed.add(type);
  };
  return {
    of<T extends KubeObject>(type: ResourceType<T>, selection?: Parameters<SharedCaches["of"]>[1]) {
      check(type);
      return caches.of(type, selection);
    },
    ofMetadata(type) {
      check(type);
      return caches.ofMetadata(type);
    },
    dropMetadata(type) {
      check(type);
      caches.dropMetadata(type);
    },
    whenSynced: () => caches.whenSynced(),
  };
}
