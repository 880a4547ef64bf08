import { jsonText, badRequest, humanDuration, parseTime, type KubeObject } from "#objects";
import { inVersion, type PrinterColumn, type ResolvedResource, type StoredObject } from "#registry";
import { partialOf, partialParts } from "./partial.ts";
import { utf8, shownObject } from "./text.ts";

/** What goes beside the cells of a row. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** The `includeObject` parameter. Throws 400 for anything unknown. */
export function includeObjectOf(text: string | null): IncludeObject {
  switch (text) {
    case null:
    case "":
    case "Metadata":
      return "Metadata";
    case "None":
    case "Object":
      return text;
    default:
      throw badRequest(
        `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: ` +
          "must be 'Metadata', 'Object', 'None', or empty",
      );
  }
}

interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

const NAME: PrinterColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "The object's name, unique for its kind within its namespace, or within the cluster.",
  cell: (object) => object.metadata.name ?? "",
};

/** What a kind without columns of its own shows. */
const AGE: PrinterColumn = {
  name: "Age",
  type: "string",
  description: "How long ago the object was made.",
  cell({ metadata }, now) {
    const made = metadata.creationTimestamp === undefined ? undefined : parseTime(metadata.creationTimestamp);
    return made === undefined ? "<unknown>" : humanDuration(now - made);
  },
};

/** What a value that belongs to no kind of ours shows (upstream's default table convertor). */
const CREATED_AT: PrinterColumn = {
  name: "Created At",
  type: "date",
  description: "When the object was made.",
  cell: (object) => object.metadata.creationTimestamp ?? null,
};

/** How the objects of a kind become rows. Cells look at the storage version. */
export interface TableShape {
  readonly columns: readonly PrinterColumn[];
  readonly definitions: readonly ColumnDefinition[];
}

const shapes = new WeakMap<object, TableShape>();

/** The table of a kind, made once. */
export function tableShapeOf(target: ResolvedResource): TableShape {
  const { definition } = target.resource;
  let shape = shapes.get(definition);
  if (!shape) shapes.set(definition, (shape = shapeOf(definition.columns ?? [AGE])));
  return shape;
}

/** The table of values that belong to no kind of ours, such as a Scale. */
export const valueTableShape: TableShape = shapeOf([CREATED_AT]);

function shapeOf(own: readonly PrinterColumn[]): TableShape {
  const columns = own.some((column) => column.name === "Name") ? own : [NAME, ...own];
  return {
    columns,
    definitions: columns.map(({ name, type, format = "", description = "", priority = 0 }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
  };
}

export interface TableOptions {
  readonly includeObject: IncludeObject;
  /** v1 or v1beta1 of meta.k8s.io. */
  readonly version: string;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** One row, as a value. */
export function rowOf(
  shape: TableShape,
  target: ResolvedResource | undefined,
  stored: StoredObject,
  { includeObject, version, now }: TableOptions,
): object {
  const cells = shape.columns.map((column) => column.cell(stored.object, now));
  switch (includeObject) {
    case "None":
      return { cells, object: null };
    case "Metadata":
      return { cells, object: partialOf(stored.object, version) };
    case "Object":
      return { cells, object: shownObject(target ? inVersion(target, stored) : stored) };
  }
}

const END = utf8("}");

/** One row as JSON, in parts: what stands beside the cells is the object's own bytes. */
export function rowParts(
  shape: TableShape,
  target: ResolvedResource,
  stored: StoredObject,
  { includeObject, version, now }: TableOptions,
): readonly Uint8Array[] {
  const cells = jsonText(shape.columns.map((column) => column.cell(stored.object, now)));
  const open = `{"cells":${cells},"object":`;
  switch (includeObject) {
    case "None":
      return [utf8(`${open}null}`)];
    case "Metadata":
      return [utf8(open), ...partialParts(stored, version), END];
    case "Object":
      return [utf8(open), inVersion(target, stored).bytes, END];
  }
}

/** What comes before the rows. Without columns for later events of a watch. */
export function tableHead(
  shape: TableShape,
  version: string,
  metadata: object,
  withColumns = true,
): Readonly<Record<"kind" | "apiVersion" | "metadata" | "columnDefinitions", unknown>> {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: withColumns ? shape.definitions : null,
  };
}

/** The metadata of a table of one object. */
export const tableMetadataOf = (object: KubeObject): object =>
  object.metadata.resourceVersion ? { resourceVersion: object.metadata.resourceVersion } : {};
