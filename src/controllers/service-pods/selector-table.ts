import type { Labels } from "#objects";

/** Selectors of one namespace that name the same labels. */
interface Shape {
  readonly labels: readonly string[];
  /** Keys of Services by the values that they want, in the order of `labels`. */
  readonly byValues: Map<string, Set<string>>;
}

const NONE: readonly string[] = Object.freeze([]);
/** Stands in no label value. */
const SEPARATOR = "\0";

/**
 * The selectors of Services, to be found by the labels of a pod. Selectors of a namespace fall into few shapes (which
 * labels they name), so a look-up takes time that grows with the shapes, not with the Services.
 */
export class SelectorTable {
  readonly #namespaces = new Map<string, Map<string, Shape>>();

  add(namespace: string, key: string, selector: Readonly<Record<string, string>>): void {
    const { id, labels, values } = shapeOf(selector);
    let shapes = this.#namespaces.get(namespace);
    if (!shapes) this.#namespaces.set(namespace, (shapes = new Map()));
    let shape = shapes.get(id);
    if (!shape) shapes.set(id, (shape = { labels, byValues: new Map() }));
    const keys = shape.byValues.get(values);
    if (keys) keys.add(key);
    else shape.byValues.set(values, new Set([key]));
  }

  remove(namespace: string, key: string, selector: Readonly<Record<string, string>>): void {
    const { id, values } = shapeOf(selector);
    const shapes = this.#namespaces.get(namespace);
    const shape = shapes?.get(id);
    const keys = shape?.byValues.get(values);
    if (!shapes || !shape || !keys?.delete(key) || keys.size > 0) return;
    shape.byValues.delete(values);
    if (shape.byValues.size > 0) return;
    shapes.delete(id);
    if (shapes.size === 0) this.#namespaces.delete(namespace);
  }

  /** The keys of the Services of the namespace that select something with these labels. */
  matching(namespace: string, labels: Labels): readonly string[] {
    const shapes = this.#namespaces.get(namespace);
    if (!shapes || !labels) return NONE;
    let found: string[] | undefined;
    for (const shape of shapes.values()) {
      const values = valuesOf(shape.labels, labels);
      const keys = values === undefined ? undefined : shape.byValues.get(values);
      if (keys) (found ??= []).push(...keys);
    }
    return found ?? NONE;
  }
}

function shapeOf(selector: Readonly<Record<string, string>>) {
  const labels = Object.keys(selector).sort();
  return { id: labels.join(SEPARATOR), labels, values: labels.map((label) => selector[label]).join(SEPARATOR) };
}

function valuesOf(wanted: readonly string[], labels: Readonly<Record<string, string>>): string | undefined {
  const values: string[] = [];
  for (const label of wanted) {
    if (!Object.hasOwn(labels, label)) return undefined;
    values.push(labels[label]!);
  }
  return values.join(SEPARATOR);
}
