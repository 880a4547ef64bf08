import { assert } from "#base";
import type { Client, Discovery, List, ListOptions } from "#client";
import type { KubeObject, ObjectKey, ResourceType, Status } from "#objects";
import { type CallerOptions, deletionOf, InProcessCaller } from "./in-process-caller.ts";
import type { ServerContext } from "./server-context.ts";

/** The {@link Client} of one user in this process: no wire, no encoding, frozen objects shared with the caches. */
export function createInProcessClient(context: ServerContext, discovery: Discovery, options: CallerOptions): Client {
  const caller = new InProcessCaller(context, options);
  return {
    discovery,
    async get(type, { namespace, name }, { subresource, resourceVersion } = {}) {
      const version = resourceVersion === undefined ? {} : { resourceVersion };
      return caller.object(type, { ...caller.address(type, namespace, subresource), verb: "get", name, ...version });
    },
    async list<T extends KubeObject>(type: ResourceType<T>, query: ListOptions = {}): Promise<List<T>> {
      return caller.list(type, { ...caller.address(type, query.namespace ?? ""), verb: "list", query });
    },
    watch: (type, query) => caller.watch(type, query),
    async create(type, object, write = {}) {
      assert(!type.metadataOnly, "an object is created whole");
      const { metadata } = object as { readonly metadata?: { readonly namespace?: string } };
      return caller.object(type, {
        ...caller.address(type, metadata?.namespace ?? ""),
        verb: "create",
        body: { type: "value", value: object },
        options: caller.write("CreateOptions", write),
      });
    },
    async update(type, object, write = {}) {
      assert(!type.metadataOnly, "an object is updated whole");
      const { namespace = "", name = "" } = object.metadata;
      return caller.object(type, {
        ...caller.address(type, namespace, write.subresource),
        verb: "update",
        name,
        body: { type: "value", value: object },
        options: caller.write("UpdateOptions", write),
      });
    },
    async patch(type, { namespace, name }, patch, write = {}) {
      return caller.object(type, {
        ...caller.address(type, namespace, write.subresource),
        verb: "patch",
        name,
        patch: { type: patch.type, body: { type: "value", value: patch.body } },
        options: caller.write("PatchOptions", write, patch),
      });
    },
    async delete<T extends KubeObject>(type: ResourceType<T>, { namespace, name }: ObjectKey, deletion = {}) {
      const address = caller.address(type, namespace);
      return caller.object<T | Status>(type, { ...address, verb: "delete", name, options: deletionOf(deletion) });
    },
    async deleteCollection(type, selection, { signal, ...deletion } = {}) {
      await caller.run({
        ...caller.address(type, selection.namespace ?? ""),
        verb: "deletecollection",
        query: selection,
        options: { ...deletionOf(deletion), ...(signal ? { signal } : {}) },
      });
    },
    async createSubresource(type, { namespace, name }, subresource, body, write = {}) {
      return caller.object(type, {
        ...caller.address(type, namespace, subresource),
        verb: "create",
        name,
        body: { type: "value", value: body },
        options: caller.write("CreateOptions", write),
      });
    },
  };
}
