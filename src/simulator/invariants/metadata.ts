import { named, type Invariant } from "./invariant.ts";

/** An object keeps its uid and creation time, and its generation never falls. */
export function identityIsKept(): Invariant {
  return {
    name: "an object keeps its identity",
    check({ kind, before, after }) {
      if (!before || !after) return undefined;
      const [old, now] = [before.metadata, after.metadata];
      if (old.uid !== now.uid) return `${kind} ${named(after)} changed its uid`;
      if (old.creationTimestamp !== now.creationTimestamp) return `${kind} ${named(after)} changed its creation time`;
      if ((now.generation ?? 0) < (old.generation ?? 0)) return `the generation of ${kind} ${named(after)} fell`;
      return undefined;
    },
  };
}
