import type { Pod } from "#objects";
import type { Step } from "../stage.ts";
import { controllerOf, isRolledOut, versionsOf } from "../../../test/support/rollout/versions.ts";

export const REPLICAS = 4;

export const deploy: Step = {
  title: "A Deployment makes a ReplicaSet, which makes Pods (S12, S16, S17)",
  async play({ live, say, file, deployment, type, read, watch, check }) {
    const manifest = deployment({ image: "nginx:1.29", replicas: REPLICAS });
    await file("nginx.yaml", manifest);
    say("You write down what you want: four Pods that run nginx. Kubernetes works until that is what there is.");
    await type("kubectl apply -f nginx.yaml");
    await watch(["test"], "four Pods became available", () => isRolledOut(live, "test"));
    await type("kubectl get deployments,replicasets,pods");

    const [version] = versionsOf(live, "test");
    say("The names tell who owns whom: test, test-<hash of the Pod template>, test-<hash>-<suffix>.");
    const hash = /^test-([bcdfghjklmnpqrstvwxz2456789]{1,10})$/.exec(version?.name ?? "")?.[1];
    check("the ReplicaSet is named after the Deployment and its template's hash", hash !== undefined);
    const { items } = await read<{ items: readonly Pod[] }>("get pods");
    check(
      "every Pod is named after its ReplicaSet, owned by it and labelled with the hash",
      items.length === REPLICAS &&
        items.every(
          (pod) =>
            new RegExp(`^${version?.name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`).test(pod.metadata.name ?? "") &&
            controllerOf(pod) === version?.name &&
            pod.metadata.labels?.["pod-template-hash"] === hash,
        ),
    );
  },
};

export const whereTheyRun: Step = {
  title: "Where the Pods run (S17)",
  async play({ setting, say, type, read, check }) {
    say("-o wide adds each Pod's address and the node that the scheduler chose for it.");
    const { stdout } = await type("kubectl get pods -o wide");
    check("the table has the columns IP and NODE", /^NAME .* IP +NODE /.test(stdout));
    const { items } = await read<{ items: readonly Pod[] }>("get pods");
    const nodes = new Set(items.map(({ spec }) => spec?.nodeName));
    const addresses = new Set(items.map(({ status }) => status?.podIP));
    if (setting.nodes > 1) check("the scheduler spread them over all three nodes", nodes.size === setting.nodes);
    check("every Pod has an address of its own", addresses.size === REPLICAS);
  },
};
