import { named, type Invariant } from "./invariant.ts";

/** An object keeps its uid and creation time; its generation never falls, and rises with every change of its spec. */
export function identityIsKept(): Invariant {
  return {
    name: "an object keeps its identity",
    check({ kind, before, after }) {
      if (!before || !after) return undefined;
      const [old, now] = [before.metadata, after.metadata];
      if (old.uid !== now.uid) return `${kind} ${named(after)} changed its uid`;
      if (old.creationTimestamp !== now.creationTimestamp) return `${kind} ${named(after)} changed its creation time`;
      const [generation, then] = [now.generation ?? 0, old.generation ?? 0];
      if (generation < then) return `the generation of ${kind} ${named(after)} fell`;
      if (then > 0 && generation === then && JSON.stringify(specOf(before)) !== JSON.stringify(specOf(after))) {
        return `the spec of ${kind} ${named(after)} changed without a new generation`;
      }
      return undefined;
    },
  };
}

/** The spec but for the node of a Pod: binding makes no new generation (upstream BindingREST). */
function specOf(object: object): unknown {
  const { nodeName: _, ...spec } = (object as { readonly spec?: Readonly<Record<string, unknown>> }).spec ?? {};
  return spec;
}
