import { CONFIG_MAPS, type KubeObject, type OwnerReference } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { nodeOf } from "./graph.ts";
import { planCollect, planLetGo, planRelease, type CollectStep, type OwnerState } from "./plan.ts";

const ownedBy = (uid: string, blockOwnerDeletion = false): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  blockOwnerDeletion,
});

function object(uid: string, owners: OwnerReference[] = [], more: Partial<KubeObject["metadata"]> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: uid, namespace: "a", uid, resourceVersion: "1", ownerReferences: owners, ...more },
  };
}

const node = (object: KubeObject) => nodeOf(CONFIG_MAPS, object);
const deleting = (finalizer: string) => ({ deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [finalizer] });

const view = (subject: KubeObject, owners: readonly OwnerState[], dependents: readonly KubeObject[] = []) => ({
  object: subject,
  node: node(subject),
  dependents: dependents.map(node),
  owners,
});

function tell(step: CollectStep): string {
  switch (step.type) {
    case "drop-owners":
      return `drop the owners ${step.uids.join(", ")}`;
    case "unblock-owners":
      return "block no owner";
    case "delete":
      return `delete it (${step.policy})`;
    case "remove-finalizer":
      return `remove the finalizer ${step.finalizer}`;
    case "attempt":
      return `look at ${step.uids.join(", ")}`;
  }
}

const example = transcripts({ plan: planCollect, tell });
const owned = object("x", [ownedBy("o")]);

example(
  "an object goes when its owner is gone",
  view(owned, ["absent"]),
  `
  1. delete it (Background)
  because none of its owners is left
`,
);

example(
  "an object goes when the last of its owners is gone",
  view(object("x", [ownedBy("o"), ownedBy("p")]), ["absent", "absent"]),
  `
  1. delete it (Background)
  because none of its owners is left
`,
);

example(
  "an object with the finalizer orphan is deleted with the policy Orphan",
  view(object("x", [ownedBy("o")], { finalizers: ["orphan"] }), ["absent"]),
  `
  1. delete it (Orphan)
  because none of its owners is left
`,
);

example(
  "an object with the finalizer foregroundDeletion is deleted in the foreground",
  view(object("x", [ownedBy("o")], { finalizers: ["foregroundDeletion"] }), ["absent"]),
  `
  1. delete it (Foreground)
  because none of its owners is left
`,
);

example(
  "an object without owners is none of its business",
  view(object("x"), []),
  `
  do nothing
  because it has no owner
`,
);

const three = object("x", [ownedBy("o"), ownedBy("p"), ownedBy("q")]);
example(
  "while one owner is left, references to the others are dropped",
  view(three, ["absent", "solid", "waiting"]),
  `
  1. drop the owners o, q
  because one owner is left, others are gone or going
`,
);

example(
  "while all owners are left, nothing happens",
  view(three, ["solid", "solid", "solid"]),
  `
  do nothing
  because its owners are there
`,
);

for (const other of ["absent", "solid", "waiting"] as const) {
  example(
    `a cluster-scoped object that names a namespaced owner is kept, with another owner that is ${other}`,
    view(object("x", [ownedBy("o"), ownedBy("p")]), [other, "invalid"]),
    `
    do nothing
    because it is cluster-scoped and names a namespaced owner
  `,
  );
}

const foreground = object("o", [], deleting("foregroundDeletion"));
example(
  "foreground deletion waits for blocking dependents only",
  view(foreground, [], [object("x", [ownedBy("o", true)]), object("y", [ownedBy("o")])]),
  `
  1. look at x
  because 1 dependents block it
`,
);

example(
  "foreground deletion ends when no dependent blocks it",
  view(foreground, [], [object("y", [ownedBy("o")])]),
  `
  1. remove the finalizer foregroundDeletion
  because no dependent blocks it any longer
`,
);

const middle = object("x", [ownedBy("o", true)]);
example(
  "a dependent with dependents of its own goes in the foreground when its owner waits",
  view(middle, ["waiting"], [object("y", [ownedBy("x")])]),
  `
  1. delete it (Foreground)
  because an owner waits for it, and it has dependents itself
`,
);

example(
  "a dependent without any goes in the background",
  view(middle, ["waiting"]),
  `
  1. delete it (Background)
  because an owner waits for it
`,
);

example(
  "a ring of foreground deletions is broken by unblocking",
  view(middle, ["waiting"], [object("o", [ownedBy("x", true)], deleting("foregroundDeletion"))]),
  `
  1. block no owner
  2. delete it (Foreground)
  because an owner waits for it, and it has dependents itself that wait
`,
);

const release = transcripts({ plan: (subject: KubeObject) => planRelease(subject, "o"), tell });

release(
  "an object that its owner leaves behind forgets it",
  object("x", [ownedBy("o"), ownedBy("p")]),
  `
  1. drop the owners o
  because its owner leaves it behind
`,
);

release(
  "an object that has another owner by now is left alone",
  object("x", [ownedBy("p")]),
  `
  do nothing
  because it does not name the owner any more
`,
);

const letGo = transcripts({ plan: planLetGo, tell });

letGo(
  "an owner that has left its dependents behind goes",
  object("o", [], deleting("orphan")),
  `
  1. remove the finalizer orphan
  because its dependents are left behind
`,
);

letGo(
  "an owner that waits for something else is left alone",
  object("o", [], deleting("x.io/hold")),
  `
  do nothing
  because it does not wait for its dependents any more
`,
);
