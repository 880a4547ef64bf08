/** What an update changed, in one walk over both objects and their schema. */
import { equalJson, isList, isMap, ownValue, type JsonMap } from "../json.ts";
import type { ListSchema, MapSchema, ObjectSchema, Schema } from "../schema/model.ts";
import { itemsByElement, wholeFields } from "./fields-of.ts";
import { EMPTY, LEAF, NOTHING_YET, union, type FieldSet } from "./field-set.ts";
import { fieldElement, itemElement, sameItem } from "./path-element.ts";
import { fieldSchemaOf, isBlank, shapeOf } from "./values.ts";
import { zeroOf } from "./zero.ts";

/** `changed`: added or modified. Undefined: none. */
export interface Difference {
  readonly changed: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

/**
 * The fields that differ between two objects of one kind; undefined when none do. An absent field and a null one are
 * the same, and so are an absent structure and an empty one where upstream's types always have it. What is in `except`
 * right below the object is not looked at.
 */
export function differenceOf(
  old: Readonly<JsonMap>,
  current: Readonly<JsonMap>,
  schema: ObjectSchema,
  except?: FieldSet,
): Difference | undefined {
  if (old === current) return undefined;
  const difference = compareMaps(old, current, schema, except);
  if (!difference) return undefined;
  // No manager owns the object itself.
  const { changed = EMPTY, removed = EMPTY } = difference;
  return { changed: changed === EMPTY ? undefined : changed, removed: removed === EMPTY ? undefined : removed };
}

const MODIFIED: Difference = { changed: LEAF, removed: undefined };

function compare(old: unknown, current: unknown, schema: Schema | undefined): Difference | undefined {
  if (old === current) return undefined;
  if (current === undefined) return { changed: undefined, removed: wholeFields(old, schema) };
  if (old === undefined) return { changed: wholeFields(current, schema), removed: undefined };
  if (old === null) return compareWithNull(current, schema, (parts) => parts);
  if (current === null)
    return compareWithNull(old, schema, ({ changed, removed }) => ({ changed: removed, removed: changed }));
  const before = shapeOf(old, schema);
  const after = shapeOf(current, schema);
  if (before.type === "map" && after.type === "map" && isMap(old) && isMap(current)) {
    // Both empty is no difference, and one of them empty is one of what the other holds.
    return compareMaps(old, current, before.schema);
  }
  if (before.type === "list" && after.type === "list" && isList(old) && isList(current)) {
    return compareLists(old, current, before.schema);
  }
  if (before.type === after.type) return equalJson(old, current) ? undefined : MODIFIED;
  return compareUnlike(old, current, schema, before.type === "map");
}

/** A container that exists without a value (see {@link zeroOf}): what is put into it is new, not the container. */
function compareWithNull(
  value: unknown,
  schema: Schema | undefined,
  inDirection: (added: Difference) => Difference,
): Difference | undefined {
  const shape = shapeOf(value, schema);
  if (shape.type === "leaf" || isBlank(value)) return MODIFIED;
  const parts =
    shape.type === "map" && isMap(value)
      ? compareMaps({}, value, shape.schema)
      : shape.type === "list" && isList(value)
        ? compareLists([], value, shape.schema)
        : MODIFIED;
  return parts && inDirection(parts);
}

/** A value of any form that was a map and is none now, or the other way round. */
function compareUnlike(old: unknown, current: unknown, schema: Schema | undefined, wasMap: boolean): Difference {
  if (wasMap) {
    const inner = isBlank(old) ? undefined : compareMaps(old as JsonMap, {}, undefined);
    return { changed: LEAF, removed: inner?.removed };
  }
  const inner = isBlank(current) ? undefined : wholeFields(current, schema);
  return { changed: inner ?? LEAF, removed: undefined };
}

/** Adds up the differences of the parts of one container. */
class DifferenceBuilder {
  #changed = NOTHING_YET;
  #removed = NOTHING_YET;

  add(element: string, { changed, removed }: Difference): void {
    if (changed) this.#changed = this.#changed.with(element, changed);
    if (removed) this.#removed = this.#removed.with(element, removed);
  }

  build(): Difference | undefined {
    const changed = this.#changed.node(false);
    const removed = this.#removed.node(false);
    return changed || removed ? { changed, removed } : undefined;
  }
}

function compareMaps(
  old: Readonly<JsonMap>,
  current: Readonly<JsonMap>,
  schema: ObjectSchema | MapSchema | undefined,
  except?: FieldSet,
): Difference | undefined {
  let builder: DifferenceBuilder | undefined;
  for (const key in current) {
    const after = current[key];
    if (old[key] === after || except?.[fieldElement(key)] === LEAF) continue;
    const difference = compareField(ownValue(old, key), after, schema, key);
    if (difference) (builder ??= new DifferenceBuilder()).add(fieldElement(key), difference);
  }
  for (const key in old) {
    // What current inherits is no value of its own.
    const after = current[key];
    if (after !== undefined && Object.hasOwn(current, key)) continue;
    if (except?.[fieldElement(key)] === LEAF) continue;
    const difference = compareField(old[key], undefined, schema, key);
    if (difference) (builder ??= new DifferenceBuilder()).add(fieldElement(key), difference);
  }
  return builder?.build();
}

function compareField(
  old: unknown,
  current: unknown,
  schema: ObjectSchema | MapSchema | undefined,
  key: string,
): Difference | undefined {
  const part = fieldSchemaOf(schema, key);
  return part === null ? undefined : compare(present(old, schema, key), present(current, schema, key), part);
}

/** Fields of declared structures: null is no value, but what upstream's types always have is there without being written. */
function present(value: unknown, schema: ObjectSchema | MapSchema | undefined, key: string): unknown {
  if (schema?.type !== "object" || (value !== undefined && value !== null)) return value;
  const zero = zeroOf(schema)[key];
  return typeof zero === "object" ? zero : undefined;
}

function compareLists(
  old: readonly unknown[],
  current: readonly unknown[],
  schema: ListSchema,
): Difference | undefined {
  if (isAligned(old, current, schema)) {
    let differing: Map<number, Difference> | undefined;
    for (let i = 0; i < old.length; i++) {
      const difference = compare(old[i], current[i], schema.items);
      if (difference) (differing ??= new Map()).set(i, difference);
    }
    if (!differing) return undefined;
    if (!hasTwins(current, schema)) {
      const builder = new DifferenceBuilder();
      for (const [i, difference] of differing) {
        const element = itemElement(current[i], schema);
        if (element !== undefined) builder.add(element, difference);
      }
      return builder.build();
    }
  }
  const before = itemsByElement(old, schema);
  const after = itemsByElement(current, schema);
  const builder = new DifferenceBuilder();
  for (const [element, items] of before) {
    const difference = compareItems(items, after.get(element) ?? [], schema);
    if (difference) builder.add(element, difference);
  }
  for (const [element, items] of after) {
    if (before.has(element)) continue;
    builder.add(element, {
      changed: items.length > 1 ? LEAF : wholeFields(items[0], schema.items),
      removed: undefined,
    });
  }
  return builder.build();
}

function isAligned(old: readonly unknown[], current: readonly unknown[], schema: ListSchema): boolean {
  if (old.length !== current.length) return false;
  for (let i = 0; i < old.length; i++) if (!sameItem(old[i], current[i], schema)) return false;
  return true;
}

/** Whether several items have the same keys. */
function hasTwins(list: readonly unknown[], schema: ListSchema): boolean {
  if (list.length > 16) return itemsByElement(list, schema).size < list.length;
  for (let i = 1; i < list.length; i++) {
    for (let j = 0; j < i; j++) if (sameItem(list[i], list[j], schema)) return true;
  }
  return false;
}

/** Items that share one element: more than one are compared, owned and given up as a whole. */
function compareItems(
  old: readonly unknown[],
  current: readonly unknown[],
  schema: ListSchema,
): Difference | undefined {
  if (old.length === 1 && current.length === 1) return compare(old[0], current[0], schema.items);
  if (current.length === 0) {
    return { changed: undefined, removed: old.length > 1 ? LEAF : wholeFields(old[0], schema.items) };
  }
  if (old.length > 1 && current.length > 1) return equalJson(old, current) ? undefined : MODIFIED;
  return old.length > 1
    ? { changed: wholeFields(current[0], schema.items), removed: LEAF }
    : { changed: LEAF, removed: wholeFields(old[0], schema.items) };
}

/** Everything that is different, whichever way. */
export const allOf = ({ changed, removed }: Difference): FieldSet =>
  changed && removed ? union(changed, removed) : (changed ?? removed ?? EMPTY);
