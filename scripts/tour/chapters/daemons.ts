import type { ControllerRevision, DaemonSet, Node } from "#objects";
import { podsOf } from "../pods-view.ts";
import type { Stage, Step } from "../stage.ts";
import { allReady, imageOf } from "./pods.ts";

const MANIFEST = `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector:
    matchLabels: {app: agent}
  template:
    metadata:
      labels: {app: agent}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: agent
          image: nginx:1.29
`;

const nodesOf = ({ live }: Stage) => podsOf(live, "agent").map(({ spec }) => spec?.nodeName ?? "");

/** Exactly one Pod on each of so many nodes, all ready. */
const onePerNode = (stage: Stage, nodes: number) =>
  allReady(stage, "agent", nodes) && new Set(nodesOf(stage)).size === nodes;

const everywhere: Step = {
  title: "A DaemonSet has exactly one Pod on every Node (S9)",
  async play(stage) {
    const { setting, say, file, type, read, watchPods, check } = stage;
    await file("agent.yaml", MANIFEST);
    say("An agent that collects logs or figures has to be everywhere: the number of replicas is that of the Nodes.");
    await type("kubectl apply -f agent.yaml");
    await watchPods("agent", "each Node has its Pod", () => onePerNode(stage, setting.nodes));
    await type("kubectl get daemonset agent");
    await type("kubectl get pods -o wide");
    const { status } = await read<DaemonSet>("get daemonset agent");
    check(
      "desired, current and ready are the number of Nodes",
      [status?.desiredNumberScheduled, status?.currentNumberScheduled, status?.numberReady].every(
        (number) => number === setting.nodes,
      ),
    );
  },
};

const back: Step = {
  title: "One that is lost is put back, on the same Node",
  async play(stage) {
    const { live, setting, say, type, watchPods, check } = stage;
    const [victim] = podsOf(live, "agent");
    const name = victim!.metadata.name!;
    await type(`kubectl delete pod ${name}`);
    await watchPods(
      "agent",
      "each Node has its Pod again",
      () => !live.pods.has(name) && onePerNode(stage, setting.nodes),
    );
    say("The new Pod is bound by the scheduler, as all are: an affinity in its spec leaves it that one Node.");
    check("the Node has one again", nodesOf(stage).includes(victim!.spec?.nodeName ?? ""));
  },
};

const nodeSelector: Step = {
  title: "Only Nodes that match",
  async play(stage) {
    const { live, setting, say, type, read, watchPods, check } = stage;
    const { items } = await read<{ items: readonly Node[] }>("get nodes");
    const node = items[0]!.metadata.name;
    await type(`kubectl patch daemonset agent -p '{"spec":{"template":{"spec":{"nodeSelector":{"disk":"fast"}}}}}'`);
    await watchPods("agent", "no Node matches: no Pod", () => podsOf(live, "agent").length === 0);
    await type(`kubectl label node ${node} disk=fast`);
    await watchPods("agent", `${node} has its Pod`, () => onePerNode(stage, 1));
    check("it is on the Node with the label", nodesOf(stage).join() === node);
    say("Without the selector all Nodes have theirs again.");
    await type(
      `kubectl patch daemonset agent --type=json -p '[{"op":"remove","path":"/spec/template/spec/nodeSelector"}]'`,
    );
    await watchPods("agent", "each Node has its Pod", () => onePerNode(stage, setting.nodes));
    await type(`kubectl label node ${node} disk-`);
  },
};

const update: Step = {
  title: "An update goes Node by Node, and back again",
  async play(stage) {
    const { live, setting, type, read, watchPods, check } = stage;
    const all = (image: string) =>
      onePerNode(stage, setting.nodes) &&
      podsOf(live, "agent").every(({ metadata }) => imageOf(stage, metadata.name!) === image);
    await type("kubectl set image daemonset/agent agent=httpd:2.4");
    await watchPods("agent", "all have the new image", () => all("httpd:2.4"));
    await type("kubectl rollout status daemonset/agent --timeout=30s");
    await type("kubectl rollout history daemonset/agent");
    const before = await read<{ items: readonly ControllerRevision[] }>("get controllerrevisions");
    await type("kubectl rollout undo daemonset/agent");
    await watchPods("agent", "all have the one before", () => all("nginx:1.29"));
    const after = await read<{ items: readonly ControllerRevision[] }>("get controllerrevisions");
    check("no revision was added: an equal one is used again", after.items.length === before.items.length);
  },
};

const drain: Step = {
  title: "A Node that is drained keeps its daemon",
  async play(stage) {
    const { setting, say, type, read, check } = stage;
    const { items } = await read<{ items: readonly Node[] }>("get nodes");
    const node = items.at(-1)!.metadata.name;
    const refused = await type(`kubectl drain ${node} --timeout=20s`);
    check("kubectl refuses: the DaemonSet would put the Pod back", refused.code !== 0);
    const drained = await type(`kubectl drain ${node} --ignore-daemonsets --timeout=20s`);
    check("told to ignore DaemonSets, it drains the rest", drained.code === 0);
    say("The Node is cordoned. A daemon tolerates that, and so each Node still has its Pod.");
    check("each Node has its Pod", onePerNode(stage, setting.nodes));
    await type(`kubectl uncordon ${node}`);
  },
};

/** Exactly one Pod on every Node. */
export const daemons: readonly Step[] = [everywhere, back, nodeSelector, update, drain];
