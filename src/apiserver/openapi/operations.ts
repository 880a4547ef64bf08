import { rowOf, schemaForKind } from "#objects";
import { JSON_AND_YAML, pathOf, type GroupVersion, type OpenApiOptions, type OpenApiResource } from "./input.ts";
import { operationGroup, subresourceSuffix, tagOf } from "./names.ts";
import {
  API_RESOURCE_LIST,
  DELETE_OPTIONS,
  PATCH,
  STATUS,
  WATCH_EVENT,
  type Method,
  type Operation,
  type Paths,
} from "./operation.ts";
import {
  byName,
  connectParameters,
  DELETING,
  DELETING_COLLECTION,
  LISTING,
  LOG,
  NAMESPACE,
  PATCHING,
  pathParameter,
  PRETTY,
  WRITING,
  type Parameter,
} from "./parameters.ts";

const ANY_MEDIA_TYPE = ["*/*"];
const PATCH_TYPES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];
/** Custom kinds have no merge keys. */
const CUSTOM_PATCH_TYPES = PATCH_TYPES.filter((type) => !type.includes("strategic"));

/** Every path of a group version with its operations. */
export function operationsOf(
  groupVersion: GroupVersion,
  resources: readonly OpenApiResource[],
  options: OpenApiOptions,
): Paths {
  const builder = new Builder(groupVersion, options);
  builder.listing();
  const kinds = new Map(resources.map((resource) => [resource.name, resource.kind]));
  for (const resource of resources) {
    const [name = "", ...subresource] = resource.name.split("/");
    if (subresource.length === 0) builder.resource(resource);
    else builder.subresource(name, subresource.join("/"), kinds.get(name) ?? resource.kind, resource);
  }
  return new Map([...builder.paths].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

class Builder {
  readonly paths: Paths = new Map();
  readonly #groupVersion: GroupVersion;
  readonly #options: OpenApiOptions;
  readonly #root: string;
  readonly #id: string;
  readonly #tag: string;
  readonly #objects: readonly string[];
  readonly #lists: readonly string[];

  constructor(groupVersion: GroupVersion, options: OpenApiOptions) {
    const { objects, watches } = options.mediaTypes ?? JSON_AND_YAML;
    this.#groupVersion = groupVersion;
    this.#options = options;
    this.#root = `/${pathOf(groupVersion)}`;
    this.#id = operationGroup(groupVersion);
    this.#tag = tagOf(groupVersion);
    this.#objects = objects;
    this.#lists = [...objects, ...watches];
  }

  /** Plain discovery of the group version. */
  listing(): void {
    this.#add(`${this.#root}/`, {
      method: "get",
      id: `get${this.#id}APIResources`,
      description: "List the resources of the group version",
      parameters: [],
      answer: { codes: [200], type: API_RESOURCE_LIST, mediaTypes: this.#objects },
    });
  }

  resource(resource: OpenApiResource): void {
    const { kind, namespaced, verbs } = resource;
    const scope = namespaced ? "Namespaced" : "";
    const within = namespaced ? [NAMESPACE] : [];
    const space = namespaced ? "/namespaces/{namespace}" : "";
    const collection = `${this.#root}${space}/${resource.name}`;
    const item = `${collection}/{name}`;
    const watch = `${this.#root}/watch`;
    const type = this.#typeOf(resource, kind);
    const list = this.#typeOf(resource, `${kind}List`);
    const gvk = this.#kindOf(resource);
    const named = [...within, nameOf(kind), PRETTY];
    const add = (path: string, operation: Omit<Operation, "tag" | "kind">) =>
      this.#add(path, { ...operation, kind: gvk });
    if (verbs.includes("list")) {
      add(collection, this.#list(`list${this.#id}${scope}${kind}`, kind, list, [...within, PRETTY, ...LISTING]));
      if (namespaced) {
        const id = `list${this.#id}${kind}ForAllNamespaces`;
        add(`${this.#root}/${resource.name}`, this.#list(id, kind, list, [PRETTY, ...LISTING]));
      }
    }
    if (verbs.includes("create")) {
      add(
        collection,
        this.#write("post", `create${this.#id}${scope}${kind}`, `Create a ${kind}`, type, [...within, PRETTY]),
      );
    }
    if (verbs.includes("deletecollection")) {
      const id = `delete${this.#id}Collection${scope}${kind}`;
      add(collection, this.#deleteCollection(id, kind, [...within, PRETTY]));
    }
    if (verbs.includes("get")) {
      add(item, this.#read(`read${this.#id}${scope}${kind}`, `Read a ${kind}`, type, named));
    }
    if (verbs.includes("update")) {
      add(item, this.#write("put", `replace${this.#id}${scope}${kind}`, `Replace a ${kind}`, type, named));
    }
    if (verbs.includes("patch")) add(item, this.#patch(`patch${this.#id}${scope}${kind}`, kind, type, named));
    if (verbs.includes("delete")) add(item, this.#delete(`delete${this.#id}${scope}${kind}`, kind, type, named));
    if (!verbs.includes("watch")) return;
    const watchOf = (id: string, parameters: readonly Parameter[], action: string) =>
      this.#watch(`watch${this.#id}${id}`, kind, [...parameters, PRETTY, ...LISTING], action);
    add(`${watch}/${resource.name}`, watchOf(`${kind}List${namespaced ? "ForAllNamespaces" : ""}`, [], "watchlist"));
    if (namespaced) add(`${watch}${space}/${resource.name}`, watchOf(`${scope}${kind}List`, within, "watchlist"));
    add(`${watch}${space}/${resource.name}/{name}`, watchOf(`${scope}${kind}`, [...within, nameOf(kind)], "watch"));
  }

  subresource(resource: string, subresource: string, parent: string, entry: OpenApiResource): void {
    const { kind, namespaced, verbs } = entry;
    const scope = namespaced ? "Namespaced" : "";
    const path = `${this.#root}${namespaced ? "/namespaces/{namespace}" : ""}/${resource}/{name}/${subresource}`;
    const address = [...(namespaced ? [NAMESPACE] : []), nameOf(kind)];
    const connects = connectParameters(kind);
    if (connects) {
      this.#connects(path, `${scope}${parent}${subresourceSuffix(subresource)}`, entry, [...address, ...connects]);
      return;
    }
    const id = `${this.#id}${scope}${parent}${subresourceSuffix(subresource)}`;
    const type = this.#typeOf(entry, kind);
    const about = `${subresource} of a ${parent}`;
    const parameters = [...address, PRETTY];
    const gvk = this.#kindOf(entry);
    const add = (operation: Omit<Operation, "tag" | "kind">) => this.#add(path, { ...operation, kind: gvk });
    if (subresource === "log") {
      const read = this.#read(`read${id}`, `Read the ${about}`, "string", [...parameters, ...LOG]);
      add({ ...read, answer: { ...read.answer, mediaTypes: [...this.#objects, "text/plain"] } });
      return;
    }
    if (verbs.includes("get")) add(this.#read(`read${id}`, `Read the ${about}`, type, parameters));
    if (verbs.includes("create")) {
      add(this.#write("post", `create${id}`, `Create the ${about}`, type, parameters));
    }
    if (verbs.includes("update")) add(this.#write("put", `replace${id}`, `Replace the ${about}`, type, parameters));
    if (verbs.includes("patch")) add(this.#patch(`patch${id}`, about, type, parameters));
  }

  #connects(path: string, id: string, entry: OpenApiResource, parameters: readonly Parameter[]): void {
    const proxy = path.endsWith("/proxy");
    const methods: readonly (readonly [Method, string])[] = [
      ["get", "get"],
      ["post", "create"],
      ["put", "update"],
      ["patch", "patch"],
      ["delete", "delete"],
    ];
    const served = methods.filter(([, verb]) => entry.verbs.includes(verb)).map(([method]) => method);
    for (const method of proxy ? [...served, "head" as const, "options" as const] : served) {
      const connect = (at: string, suffix: string, more: readonly Parameter[]) =>
        this.#add(at, {
          method,
          id: `connect${this.#id}${method.charAt(0).toUpperCase()}${method.slice(1)}${id}${suffix}`,
          description: `Connect by ${method.toUpperCase()}`,
          action: "connect",
          kind: this.#kindOf(entry),
          parameters: [...parameters, ...more],
          answer: { codes: [200], type: "string", mediaTypes: ANY_MEDIA_TYPE },
        });
      connect(path, "", []);
      if (proxy)
        connect(`${path}/{path}`, "WithPath", [pathParameter("path", "The path that the request is passed on to.")]);
    }
  }

  #list(id: string, kind: string, type: string, parameters: readonly Parameter[]): Omit<Operation, "tag"> {
    const answer = { codes: [200], type, mediaTypes: this.#lists };
    return {
      method: "get",
      id,
      description: `List or watch objects of kind ${kind}`,
      action: "list",
      parameters,
      answer,
    };
  }

  #watch(id: string, kind: string, parameters: readonly Parameter[], action: string): Omit<Operation, "tag"> {
    const answer = { codes: [200], type: WATCH_EVENT, mediaTypes: this.#lists };
    return {
      method: "get",
      id,
      description: `Watch objects of kind ${kind}; deprecated: list with watch`,
      action,
      parameters,
      answer,
    };
  }

  #read(id: string, description: string, type: string, parameters: readonly Parameter[]): Omit<Operation, "tag"> {
    return {
      method: "get",
      id,
      description,
      action: "get",
      parameters,
      answer: { codes: [200], type, mediaTypes: this.#objects },
    };
  }

  #write(
    method: "post" | "put",
    id: string,
    description: string,
    type: string,
    parameters: readonly Parameter[],
  ): Omit<Operation, "tag"> {
    const codes = method === "post" ? [200, 201, 202] : [200, 201];
    return {
      method,
      id,
      description,
      action: method,
      parameters: [...parameters, ...WRITING],
      body: { type, required: true, mediaTypes: ANY_MEDIA_TYPE },
      answer: { codes, type, mediaTypes: this.#objects },
    };
  }

  #patch(id: string, about: string, type: string, parameters: readonly Parameter[]): Omit<Operation, "tag"> {
    const mediaTypes = rowOf(type) ? PATCH_TYPES : CUSTOM_PATCH_TYPES;
    return {
      method: "patch",
      id,
      description: `Change the ${about} partially`,
      action: "patch",
      parameters: [...parameters, ...PATCHING],
      body: { type: PATCH, required: true, mediaTypes },
      answer: { codes: [200, 201], type, mediaTypes: this.#objects },
    };
  }

  #delete(id: string, kind: string, type: string, parameters: readonly Parameter[]): Omit<Operation, "tag"> {
    return {
      method: "delete",
      id,
      description: `Delete a ${kind}`,
      action: "delete",
      parameters: [...parameters, ...DELETING],
      body: { type: DELETE_OPTIONS, required: false, mediaTypes: ANY_MEDIA_TYPE },
      answer: { codes: [200, 202], type: rowOf(type)?.deletedIsReturned ? type : STATUS, mediaTypes: this.#objects },
    };
  }

  #deleteCollection(id: string, kind: string, parameters: readonly Parameter[]): Omit<Operation, "tag"> {
    return {
      method: "delete",
      id,
      description: `Delete the objects of kind ${kind} that are selected`,
      action: "deletecollection",
      parameters: [...parameters, ...DELETING_COLLECTION],
      body: { type: DELETE_OPTIONS, required: false, mediaTypes: ANY_MEDIA_TYPE },
      answer: { codes: [200], type: STATUS, mediaTypes: this.#objects },
    };
  }

  #add(path: string, operation: Omit<Operation, "tag">): void {
    const operations = this.paths.get(path);
    const tagged: Operation = { ...operation, tag: this.#tag, parameters: byName(operation.parameters) };
    if (operations) operations.push(tagged);
    else this.paths.set(path, [tagged]);
  }

  #kindOf({ group, version, kind }: OpenApiResource): NonNullable<Operation["kind"]> {
    const own = version !== undefined ? { group: group ?? "", version } : this.#groupVersion;
    return { group: own.group, version: own.version, kind };
  }

  /** The name of a kind's schema in the document. */
  #typeOf({ group, version }: OpenApiResource, kind: string): string {
    const own = version !== undefined ? { group: group ?? "", version } : this.#groupVersion;
    const custom = this.#options.schemas?.get(`${own.group}/${own.version}/${kind}`);
    return custom?.name ?? schemaForKind(own.group, own.version, kind)?.name ?? "string";
  }
}

const nameOf = (kind: string): Parameter => pathParameter("name", `The name of the ${kind}.`);
