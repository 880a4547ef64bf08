import type { Draft, KubeObject } from "#objects";
import type { ResourceDefinition, Subresource, UpdateSubresource } from "../definition.ts";
import type { FeatureGates } from "./feature-gates.ts";
import { GATED_FIELDS, type GatedFields } from "./gated-fields.ts";

/** A kind's definition that drops the fields of gates that are off, and has the defaults of those that are on. */
export function withGates(definition: ResourceDefinition, gates: FeatureGates): ResourceDefinition {
  const kind = `${definition.group}/${definition.resource}`;
  const ofKind = GATED_FIELDS.filter(({ kinds }) => kinds.includes(kind));
  const off = ofKind.filter(({ gate }) => !gates.enabled(gate)).map(readRow);
  const defaults = ofKind.flatMap((row) => (gates.enabled(row.gate) && row.default !== undefined ? [row] : []));
  const defaulted = defaults.length === 0 ? definition : withDefaults(definition, defaults);
  return off.length === 0 ? defaulted : dropping(defaulted, off);
}

/** A row of the table, with its paths read. */
interface Row {
  readonly fields: readonly Path[];
  readonly where: Path | undefined;
}

const readRow = ({ fields, where }: GatedFields): Row => ({
  fields: fields.map(readPath),
  where: where === undefined ? undefined : readPath(where),
});

/** Drops what the client may not bring, before the kind prepares the object, as upstream's strategies do. */
function dropping(definition: ResourceDefinition, rows: readonly Row[]): ResourceDefinition {
  const drop = (draft: object, old: object | undefined) => {
    for (const { fields, where } of rows) {
      if (where && !isSet(draft, where)) continue;
      if (old && fields.some((path) => isSet(old, path))) continue;
      for (const path of fields) dropAt(draft, path);
    }
  };
  type Prepare = UpdateSubresource<KubeObject>["prepareForUpdate"];
  const before =
    (prepare: Prepare | undefined): Prepare =>
    (draft, old, context) => {
      drop(draft, old);
      prepare?.(draft, old, context);
    };
  const subresources = Object.entries(definition.subresources ?? {}).map(
    ([name, subresource]): [string, Subresource<KubeObject>] => {
      if (subresource.type !== "update") return [name, subresource];
      return [name, { ...subresource, prepareForUpdate: before(subresource.prepareForUpdate) }];
    },
  );
  return {
    ...definition,
    prepareForCreate(draft, context) {
      drop(draft, undefined);
      definition.prepareForCreate?.(draft, context);
    },
    prepareForUpdate: before(definition.prepareForUpdate),
    prepareForStatusUpdate: before(definition.prepareForStatusUpdate),
    ...(definition.subresources ? { subresources: Object.fromEntries(subresources) } : {}),
  };
}

function withDefaults(definition: ResourceDefinition, rows: readonly GatedFields[]): ResourceDefinition {
  const values = rows.flatMap((row) => row.fields.map((field) => ({ path: readPath(field), value: row.default })));
  return {
    ...definition,
    applyDefaults(draft: Draft<KubeObject>) {
      definition.applyDefaults?.(draft);
      for (const { path, value } of values) {
        visit(draft, path, (owner, { name }) => {
          owner[name] ??= value;
        });
      }
    },
  };
}

type Owner = Record<string, unknown>;

interface Step {
  readonly name: string;
  /** What is meant: the value, each item of a list, each value of a map. */
  readonly each: "value" | "item" | "entry";
  /** It goes when it is left empty. */
  readonly goesEmpty: boolean;
  /** A value that stays. */
  readonly stays: string | undefined;
}

type Path = readonly Step[];

/** Reads a path of the table {@link GATED_FIELDS}. */
function readPath(path: string): Path {
  return path.split(".").map((text) => {
    const { name, mark = "", stays } = /^(?<name>\w+)(?<mark>\[\]|\{\}|\?)?(?:!=(?<stays>\w+))?$/.exec(text)!.groups!;
    return {
      name: name!,
      each: mark === "[]" ? "item" : mark === "{}" ? "entry" : "value",
      goesEmpty: mark === "?",
      stays,
    };
  });
}

const isOwner = (value: unknown): value is Owner => typeof value === "object" && value !== null;

/** Calls with every object that can have the path's last field, from the inside out. */
function visit(owner: Owner | object, path: Path, found: (owner: Owner, last: Step) => void, at = 0): void {
  const step = path[at]!;
  const object = owner as Owner;
  if (at === path.length - 1) return found(object, step);
  const value = object[step.name];
  if (!isOwner(value)) return;
  const below = step.each === "value" ? [value] : Object.values(value);
  for (const one of below) if (isOwner(one)) visit(one, path, found, at + 1);
}

/** Whether the object has the field anywhere; what is empty is as good as not there, as in upstream's types. */
function isSet(object: object, path: Path): boolean {
  let set = false;
  visit(object, path, (owner, { name, stays }) => {
    const value = owner[name];
    set ||= value !== undefined && value !== null && value !== "" && value !== stays && !isEmptyList(value);
  });
  return set;
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;

function dropAt(object: object, path: Path): void {
  visit(object, path, (owner, { name, stays }) => {
    if (owner[name] !== undefined && owner[name] !== stays) delete owner[name];
  });
  const emptied = path.findIndex(({ goesEmpty }) => goesEmpty);
  if (emptied < 0) return;
  visit(object, path.slice(0, emptied + 1), (owner, { name }) => {
    const value = owner[name];
    if (isOwner(value) && Object.keys(value).length === 0) delete owner[name];
  });
}
