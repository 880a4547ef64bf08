import { orphanLabelKey, type Cache } from "#client";
import {
  compileLabelSelector,
  keyOf,
  selectorFromSet,
  type KubeObject,
  type LabelMatcher,
  type LabelSelector,
  type ResourceType,
} from "#objects";
import { controllerOf, type KeysOf } from "./watch.ts";

const compiled = new WeakMap<object, LabelMatcher>();

/** A LabelSelector of a stored object, compiled once: stored objects are frozen, so it stays right. */
export function matcherOf(selector: LabelSelector | undefined): LabelMatcher {
  return remembered(selector, compileLabelSelector);
}

/** The same for a plain map of labels; none of them selects everything. */
export function matcherOfSet(labels: Readonly<Record<string, string>> | undefined): LabelMatcher {
  return remembered(labels, selectorFromSet);
}

function remembered<S extends object>(
  source: S | undefined,
  compile: (source: S | undefined) => LabelMatcher,
): LabelMatcher {
  if (!source) return compile(source);
  let matcher = compiled.get(source);
  if (!matcher) {
    matcher = compile(source);
    compiled.set(source, matcher);
  }
  return matcher;
}

/** A label and value that everything selected has, if the selector says so. */
function exactPair(matcher: LabelMatcher): readonly [string, string] | undefined {
  for (const { key } of matcher.requirements) {
    const value = matcher.exactValue(key);
    if (value !== undefined) return [key, value];
  }
  return undefined;
}

/** The objects of a namespace that have no controller and are selected: found by a label, not by a scan. */
export function orphansMatching<T extends KubeObject>(cache: Cache<T>, namespace: string, matcher: LabelMatcher): T[] {
  const pair = exactPair(matcher);
  const orphans = pair
    ? cache.index("orphan-label", orphanLabelKey(namespace, ...pair))
    : cache.index("orphan", namespace);
  return orphans.filter(({ metadata }) => matcher.matches(metadata.labels));
}

const SELECTOR_INDEX = "selector";
const ANYTHING = "*";

/**
 * Wakes the objects of `type` whose selector selects the changed object when it has no controller: one of them
 * may adopt it. Finds them by the labels, through an index of the selectors.
 */
export function adopter<O extends KubeObject>(
  type: ResourceType<O>,
  selectorOf: (owner: O) => LabelMatcher,
): KeysOf<KubeObject> {
  const filed = (owner: O) => {
    const pair = exactPair(selectorOf(owner));
    const namespace = owner.metadata.namespace ?? "";
    return pair ? orphanLabelKey(namespace, ...pair) : `${namespace}/${ANYTHING}`;
  };
  return (change, caches) => {
    const { object, previous } = change;
    if (change.type === "deleted" || controllerOf(object)) return undefined;
    const { labels = {}, namespace = "" } = object.metadata;
    // As long as nothing that matters changes, a controller that did not adopt it before does not adopt it now.
    if (previous && previous.metadata.labels === labels && !controllerOf(previous)) return undefined;
    const owners = caches.of(type);
    owners.addIndex(SELECTOR_INDEX, filed);
    const keys: string[] = [];
    const consider = (value: string) => {
      for (const owner of owners.index(SELECTOR_INDEX, value)) {
        if (selectorOf(owner).matches(labels)) keys.push(keyOf(owner));
      }
    };
    for (const label in labels) consider(orphanLabelKey(namespace, label, labels[label]!));
    consider(`${namespace}/${ANYTHING}`);
    return keys;
  };
}

/** Wakes what any of the functions wakes. */
export function anyOf<T extends KubeObject>(...functions: readonly KeysOf<T>[]): KeysOf<T> {
  return (change, caches) => {
    const keys: string[] = [];
    for (const fn of functions) {
      const woken = fn(change, caches);
      if (typeof woken === "string") keys.push(woken);
      else if (woken) keys.push(...woken);
    }
    return keys;
  };
}
