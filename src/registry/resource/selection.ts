import { badRequest, parseFieldSelector, parseLabelSelector, type KubeObject } from "#objects";
import type { Stored } from "../cache/stored.ts";
import type { Interest } from "../cache/watcher-set.ts";
import type { Selection } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";

/** Which objects of a resource a list or watch is about, compiled. */
export interface Selector {
  /** Empty: all. */
  readonly namespace: string;
  /** The one name that can match, if there is only one. */
  readonly name: string | undefined;
  /** Neither a label nor a field selector was given. */
  readonly empty: boolean;
  readonly matches: (object: Stored) => boolean;
  /** Fields with the value that they must have, which an index can find. */
  readonly exact: readonly Interest[];
  /** What a watcher with this selection has to be told of; undefined: everything. */
  readonly interest: Interest | undefined;
}

const ALL: Selector = {
  namespace: "",
  name: undefined,
  empty: true,
  matches: () => true,
  exact: [],
  interest: undefined,
};

const readName = (object: Stored) => object.key.name;
const readNamespace = (object: Stored) => object.key.namespace;
const readKey = (object: Stored) =>
  object.storeKey.slice(object.storeKey.lastIndexOf("/", object.storeKey.lastIndexOf("/") - 1));

/** Throws a StatusError (400) for selectors that do not parse or name a field that cannot be selected by. */
export function compileSelection(definition: ResourceDefinition, query: Selection): Selector {
  const requested = definition.namespaced ? (query.namespace ?? "") : "";
  if (!query.fieldSelector && !query.labelSelector && !requested) return ALL;
  const labels = parseLabelSelector(query.labelSelector ?? "");
  const fields = parseFieldSelector(query.fieldSelector ?? "");
  const fieldsMatch = fields.compile<Stored>((field) => reader(definition, field));

  const exactNamespace = definition.namespaced ? fields.exactValue("metadata.namespace") : undefined;
  const namespace = requested || exactNamespace || "";
  const name = fields.exactValue("metadata.name");
  const empty = labels.empty && fields.empty;
  const byLabel = labels.empty ? undefined : labels.matches;
  const byField = fields.empty ? undefined : fieldsMatch;
  const exact = fields.requirements
    .filter(({ field, operator }) => operator === "=" && definition.selectableFields?.[field])
    .map(({ field, value }) => ({ field, value, read: reader(definition, field) }));

  return {
    namespace,
    name,
    empty,
    matches: (object) =>
      (namespace === "" || object.key.namespace === namespace) &&
      (byField === undefined || byField(object)) &&
      (byLabel === undefined || byLabel(object.object.metadata.labels)),
    exact,
    interest: interestOf(definition, namespace, name, exact),
  };
}

function interestOf(
  definition: ResourceDefinition,
  namespace: string,
  name: string | undefined,
  exact: readonly Interest[],
): Interest | undefined {
  if (name !== undefined) {
    return namespace && definition.namespaced
      ? { field: "key", value: `/${namespace}/${name}`, read: readKey }
      : { field: "metadata.name", value: name, read: readName };
  }
  if (exact[0]) return exact[0];
  if (namespace) return { field: "metadata.namespace", value: namespace, read: readNamespace };
  return undefined;
}

/** Reads a field of an object for a selector; names and namespaces without looking into the object. */
function reader(definition: ResourceDefinition, field: string): (object: Stored) => string {
  if (field === "metadata.name") return readName;
  if (field === "metadata.namespace") return readNamespace;
  const read = definition.selectableFields?.[field] as ((object: KubeObject) => string) | undefined;
  if (read) return (object) => read(object.object);
  // Kinds with fields of their own word it shortly, the others name what there is (runtime.DefaultMetaV1FieldSelectorConversion).
  throw badRequest(
    definition.selectableFields
      ? `field label not supported: ${field}`
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}
