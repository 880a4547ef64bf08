import type { Step } from "../stage.ts";
import { isRolledOut } from "../../../test/support/rollout/versions.ts";
import { REPLICAS } from "./deploy.ts";

export const heal: Step = {
  title: "A Pod that is deleted comes back under another name (S12, S15)",
  async play({ live, say, type, watch, check }) {
    say(
      "Pods are cattle, not pets: the ReplicaSet counts them by their labels, and makes a new one for one that is gone.",
    );
    const before = new Set(live.pods.keys());
    const victim = [...before][0]!;
    const { code } = await type(`kubectl delete pod ${victim}`);
    check("the Pod was deleted", code === 0);
    await watch(
      ["test"],
      "there are four Pods again",
      () => !live.pods.has(victim) && live.pods.size === REPLICAS && isRolledOut(live, "test"),
    );
    const added = [...live.pods.keys()].filter((name) => !before.has(name));
    check(`exactly one is new: ${added.join(" ")}`, added.length === 1);
  },
};
