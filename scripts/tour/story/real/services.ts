import type { Service } from "#objects";
import type { Stage, Step } from "../../stage.ts";
import { REPLICAS } from "../deploy.ts";

/** Whether the URL of a web server's version answers so. */
async function answers({ type }: Stage, url: string, version: string): Promise<boolean> {
  const { code, stdout } = await type(`wget -q -O - http://${url}/version`);
  return code === 0 && stdout.trim() === version;
}

export const services: Step = {
  title: "A Service: one address for all Pods, that answers (S6, S7, S8)",
  async play(stage) {
    const { live, say, type, read, wait, check } = stage;
    say("A Pod has an address of its own, and a real nginx behind it. But it goes when the Pod goes.");
    const [pod] = [...live.pods.values()];
    check("the Pod itself answers", await answers(stage, pod?.status?.podIP ?? "", "1.29"));
    say("A Service stays. This one has an address inside the cluster, a port on every node, and a balancer's address.");
    await type("kubectl expose deployment test --port=80 --type=LoadBalancer");
    const service = () => read<Service>("get service test");
    await wait(
      "the balancer has an address",
      async () => (await service()).status?.loadBalancer?.ingress !== undefined,
    );
    await type("kubectl get service test");
    const { spec, status } = await service();
    const node = await read<{ items: readonly { status: { addresses: readonly { address: string }[] } }[] }>(
      "get nodes",
    );
    const port = spec?.ports?.[0]?.nodePort;
    check("by its ClusterIP", await answers(stage, spec?.clusterIP ?? "", "1.29"));
    check("by its NodePort", await answers(stage, `${node.items[0]?.status.addresses[0]?.address}:${port}`, "1.29"));
    const balancer = status?.loadBalancer?.ingress?.[0]?.ip ?? "";
    check("by its LoadBalancer", await answers(stage, balancer, "1.29"));
  },
};

export const inside: Step = {
  title: "From Pod to Pod, by name (S6, S14)",
  async play({ live, say, type, wait, check }) {
    say("`run` makes one single Pod. Inside the cluster a Service is found by its name: DNS is part of it.");
    await type("kubectl run client --image=busybox:1.36 --restart=Never -- wget -q -O - http://test/version");
    await type("kubectl wait --for=jsonpath={.status.phase}=Succeeded pod/client --timeout=60s");
    const { stdout } = await type("kubectl logs client");
    check("the Pod got nginx's answer", stdout === "1.29\n");
    await type("kubectl delete pod client");
    await wait("it is gone, and no controller makes it anew", async () => live.pods.size === REPLICAS);
  },
};
