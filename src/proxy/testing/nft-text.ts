/** A table as nft would hold it, made by running commands; it refuses what the kernel would refuse. */
export interface FakeTable {
  /** Carries out a transaction, all of it or nothing. */
  run(text: string): void;
  /** All of it, in a fixed order. Chains that are empty and lead from nowhere are left out. */
  dump(): readonly string[];
}

interface State {
  readonly chains: Map<string, string[]>;
  readonly collections: Map<string, { readonly type: string; readonly elements: Map<string, string> }>;
}

const empty = (): State => ({ chains: new Map(), collections: new Map() });

/** Makes a {@link FakeTable}. */
export function createFakeTable(): FakeTable {
  let state = empty();
  return {
    run(text) {
      const next: State = {
        chains: new Map([...state.chains].map(([name, rules]) => [name, [...rules]])),
        collections: new Map(
          [...state.collections].map(([name, { type, elements }]) => [name, { type, elements: new Map(elements) }]),
        ),
      };
      for (const line of text.trim().split("\n")) if (line) command(next, line);
      checkReferences(next);
      state = next;
    },
    dump() {
      const used = new Set(referencesOf(state));
      return [
        ...[...state.chains]
          .filter(([name, rules]) => rules.length > 0 || used.has(name))
          .flatMap(([name, rules]) => rules.map((rule) => `${name}: ${rule}`)),
        ...[...state.collections].flatMap(([name, { type, elements }]) => [
          `${name} is ${type}`,
          ...[...elements].map(([key, value]) => `${name} has ${key} => ${value}`),
        ]),
      ].sort();
    },
  };
}

function command(state: State, line: string): void {
  const match = /^(add|delete|flush) (table|chain|rule|set|map|element) ip knarr ?(\S+)? ?(.*)$/.exec(line);
  if (!match) throw new Error(`not understood: ${line}`);
  const [, verb, kind, name = "", rest = ""] = match;
  const refuse = (why: string): never => {
    throw new Error(`${why}: ${line}`);
  };
  const elementsOf = () => state.collections.get(name)?.elements ?? refuse("no such set or map");
  const rulesOf = () => state.chains.get(name) ?? refuse("no such chain");
  switch (`${verb} ${kind}`) {
    case "add table":
      return;
    case "delete table":
      state.chains.clear();
      state.collections.clear();
      return;
    case "add chain":
      if (!state.chains.has(name)) state.chains.set(name, rest ? [`hook ${rest}`] : []);
      return;
    case "flush chain":
      rulesOf().length = 0;
      return;
    case "delete chain":
      if (rulesOf().length > 0) refuse("not empty");
      state.chains.delete(name);
      return;
    case "add rule":
      rulesOf().push(rest);
      return;
    case "add set":
    case "add map": {
      const known = state.collections.get(name);
      if (known && known.type !== rest) refuse("another type");
      if (!known) state.collections.set(name, { type: rest, elements: new Map() });
      return;
    }
    case "delete set":
      if (!state.collections.delete(name)) refuse("no such set");
      return;
    case "add element":
    case "delete element": {
      const [key = "", value = ""] = rest.slice(2, -2).split(" : ");
      const bare = key.replace(/ timeout .*/, "");
      const elements = elementsOf();
      if (verb === "delete") {
        if (!elements.delete(bare)) refuse("no such element");
      } else if ((elements.get(bare) ?? value) !== value) refuse("there with another value");
      else elements.set(bare, value);
      return;
    }
    default:
      refuse("not understood");
  }
}

function* referencesOf({ chains, collections }: State): Iterable<string> {
  const texts = [...chains.values(), ...[...collections.values()].map(({ elements }) => [...elements.values()])].flat();
  for (const text of texts) for (const [, name] of text.matchAll(/(?:goto|jump) ([^\s,]+)/g)) yield name ?? "";
}

function checkReferences(state: State): void {
  for (const name of referencesOf(state)) if (!state.chains.has(name)) throw new Error(`no such chain: ${name}`);
  for (const rule of [...state.chains.values()].flat()) {
    for (const [, name = ""] of rule.matchAll(/@([^\s,]+)/g)) {
      if (!state.collections.has(name)) throw new Error(`no such set or map: ${name}`);
    }
  }
}
