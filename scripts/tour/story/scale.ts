import type { Step } from "../stage.ts";
import { isRolledOut, versionsOf } from "../../../test/support/rollout/versions.ts";

export const scale: Step = {
  title: "Scaling touches the running version only (S26)",
  async play({ live, say, type, watch, check }) {
    say("The label pod-template-hash, which the Deployment adds by itself, keeps the versions' Pods apart.");
    const others = () => versionsOf(live, "test").filter(({ image }) => image !== "nginx:1.29");
    await type("kubectl scale deployment/test --replicas=6");
    await watch(["test"], "six Pods are available", () => live.pods.size === 6 && isRolledOut(live, "test"));
    await type("kubectl get replicasets");
    const current = versionsOf(live, "test").find(({ desired }) => desired > 0);
    check("the running version has all six Pods", current?.desired === 6 && current.pods.length === 6);
    const idle = others().length === 2 && others().every(({ desired, pods }) => desired === 0 && pods.length === 0);
    check("the other two versions have none", idle);
  },
};

export const describe: Step = {
  title: "All that a Deployment has to say (S27)",
  async play({ say, type, check }) {
    say(
      "Its settings, its template, its conditions, its ReplicaSets, and what happened lately: the first thing to ask for.",
    );
    const { stdout } = await type("kubectl describe deployment test");
    const parts = [
      /^Namespace:\s+default$/m,
      /^Selector:\s+app=test$/m,
      /^Replicas:\s+6 desired \| 6 updated \| 6 total \| 6 available \| 0 unavailable$/m,
      /^StrategyType:\s+RollingUpdate$/m,
      /^RollingUpdateStrategy:\s+25% max unavailable, 25% max surge$/m,
      /^Pod Template:/m,
      /Available\s+True\s+MinimumReplicasAvailable/,
      /Progressing\s+True\s+NewReplicaSetAvailable/,
      /^NewReplicaSet:\s+test-\S+ \(6\/6 replicas created\)$/m,
      /ScalingReplicaSet .* deployment-controller .*Scaled up replica set test-\S+ from 4 to 6$/m,
    ];
    check(
      "selector, strategy, template, conditions, ReplicaSets and events are all there",
      parts.every((part) => part.test(stdout)),
    );
  },
};
