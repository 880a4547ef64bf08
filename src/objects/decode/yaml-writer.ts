import { isAlias, isMap, isScalar, isSeq, Scalar, type Alias, type YAMLMap, type YAMLSeq } from "yaml";
import { goQuote } from "./json-syntax.ts";
import { resolvePlain, resolveTagged, YamlFailure, type Resolved } from "./yaml-resolve.ts";

export interface YamlJson {
  readonly json: string;
  /** Keys that a map has twice, as go-yaml's strict mode words them; the last one won. */
  readonly duplicates: readonly string[];
}

const MAX_DUPLICATES = 100;
/** Characters of JSON: aliases may repeat long strings. */
const MAX_JSON = 32 << 20;

interface Entry {
  readonly key: string;
  readonly json: string;
}

/** A map's entries by their typed key: 1 and "1" are two keys to go-yaml. */
type Entries = Map<string, Entry>;

/** Writes composed YAML as JSON, resolving aliases and merge keys, within go-yaml's bounds for aliases. */
export class YamlWriter {
  readonly #text: string;
  readonly #anchors = new Map<string, unknown>();
  readonly #expanding = new Set<unknown>();
  readonly #duplicates: string[] = [];
  #lineStarts: number[] | undefined;
  #decodes = 0;
  #aliasDecodes = 0;
  #aliasDepth = 0;
  #written = 0;

  constructor(text: string) {
    this.#text = text;
  }

  write(node: unknown): YamlJson {
    const json = this.#node(node);
    return { json, duplicates: this.#duplicates };
  }

  #node(node: unknown): string {
    this.#spend();
    if (isAlias(node)) return this.#alias(node);
    this.#anchor(node);
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return this.#list(node);
    const json = isScalar(node) ? jsonOf(resolve(node)) : "null";
    this.#written += json.length;
    return json;
  }

  #anchor(node: unknown): void {
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor) this.#anchors.set(node.anchor, node);
  }

  #list(node: YAMLSeq): string {
    return `[${node.items.map((item) => this.#node(item)).join(",")}]`;
  }

  #map(node: YAMLMap): string {
    const entries: Entries = new Map();
    this.#fill(node, entries);
    const byKey = new Map([...entries.values()].map(({ key, json }) => [key, json]));
    const keys = [...byKey.keys()].toSorted();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${byKey.get(key)}`).join(",")}}`;
  }

  #fill(node: YAMLMap, entries: Entries): void {
    for (const { key, value } of node.items) {
      if (isMerge(key)) {
        this.#merge(value, entries);
        continue;
      }
      const target = isAlias(key) ? this.#target(key) : key;
      this.#anchor(target);
      this.#spend();
      if (isMap(target) || isSeq(target)) {
        throw new YamlFailure(
          `yaml: invalid map key: ${isMap(target) ? "map[interface {}]interface {}" : "[]interface {}"}{}`,
        );
      }
      const resolved: Resolved = isScalar(target) ? resolve(target) : { type: "null" };
      const json = this.#node(value);
      const [shown, text] = shownKey(resolved);
      if (entries.has(shown)) this.#duplicate(shown, value ?? key);
      this.#written += text.length;
      entries.set(shown, { key: text, json });
    }
  }

  #duplicate(shown: string, node: unknown): void {
    if (this.#duplicates.length >= MAX_DUPLICATES) return;
    const offset = (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
    this.#duplicates.push(`line ${this.#lineOf(offset)}: key ${shown} already set in map`);
  }

  #merge(value: unknown, entries: Entries): void {
    if (isSeq(value)) {
      // Earlier ones win.
      for (const item of value.items.toReversed()) this.#mergeOne(item, entries);
    } else this.#mergeOne(value, entries);
  }

  #mergeOne(node: unknown, entries: Entries): void {
    this.#spend();
    const target = isAlias(node) ? this.#target(node) : node;
    if (!isMap(target)) throw new YamlFailure("yaml: map merge requires map or sequence of maps as the value");
    this.#anchor(target);
    if (isAlias(node)) this.#expand(node, target, () => this.#fill(target, entries));
    else this.#fill(target, entries);
  }

  #alias(node: Alias): string {
    const target = this.#target(node);
    return this.#expand(node, target, () => this.#node(target));
  }

  #expand<T>(node: Alias, target: unknown, action: () => T): T {
    if (this.#expanding.has(target)) throw new YamlFailure(`yaml: anchor '${node.source}' value contains itself`);
    this.#expanding.add(target);
    this.#aliasDepth++;
    const result = action();
    this.#aliasDepth--;
    this.#expanding.delete(target);
    return result;
  }

  #target(node: Alias): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined) throw new YamlFailure(`yaml: unknown anchor '${node.source}' referenced`);
    return target;
  }

  /** go-yaml's measure against documents that are mostly made of aliases. */
  #spend(): void {
    this.#decodes++;
    if (this.#aliasDepth > 0) this.#aliasDecodes++;
    const excessive =
      this.#aliasDecodes > 100 &&
      this.#decodes > 1000 &&
      this.#aliasDecodes / this.#decodes > allowedAliasRatio(this.#decodes);
    if (excessive || this.#written > MAX_JSON) throw new YamlFailure("yaml: document contains excessive aliasing");
  }

  #lineOf(offset: number): number {
    this.#lineStarts ??= [0, ...[...this.#text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    let [low, high] = [0, this.#lineStarts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

const LOW = 400_000;
const HIGH = 4_000_000;

function allowedAliasRatio(decodes: number): number {
  if (decodes <= LOW) return 0.99;
  if (decodes >= HIGH) return 0.1;
  return 0.99 - 0.89 * ((decodes - LOW) / (HIGH - LOW));
}

const isMerge = (key: unknown): boolean =>
  isScalar(key) && key.source === "<<" && (key.type === Scalar.PLAIN || key.tag === "tag:yaml.org,2002:merge");

function resolve(node: Scalar): Resolved {
  const text = typeof node.value === "string" ? node.value : (node.source ?? "");
  if (node.tag) return resolveTagged(node.tag, text);
  if (node.type === Scalar.PLAIN || node.type === undefined) return resolvePlain(text);
  return { type: "string", value: text };
}

function jsonOf(resolved: Resolved): string {
  switch (resolved.type) {
    case "null":
      return "null";
    case "number":
      return resolved.json;
    case "boolean":
    case "string":
      return JSON.stringify(resolved.value);
  }
}

/** The key as go-yaml's errors show it, which also tells keys of different types apart, and as JSON has it. */
function shownKey(resolved: Resolved): [shown: string, key: string] {
  switch (resolved.type) {
    case "null":
      throw new YamlFailure("unsupported map key of type: %!s(<nil>), key: <nil>");
    case "string":
      return [goQuote(resolved.value), resolved.value];
    case "number":
      return [resolved.json, resolved.json];
    case "boolean":
      return [String(resolved.value), String(resolved.value)];
  }
}
