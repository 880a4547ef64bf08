import type { PersistentVolumeClaim, StatefulSet } from "#objects";
import { phaseOf } from "../../../test/support/rollout/versions.ts";
import { podsOf } from "../pods-view.ts";
import type { Step } from "../stage.ts";
import { allReady, imageOf, namesOf, uidOf } from "./pods.ts";

const MANIFEST = `apiVersion: v1
kind: Service
metadata:
  name: db
spec:
  clusterIP: None
  selector: {app: db}
  ports: [{name: http, port: 80}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  replicas: 3
  selector:
    matchLabels: {app: db}
  template:
    metadata:
      labels: {app: db}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: nginx:1.29
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Mi}}
`;

const CATTLE = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: herd
spec:
  replicas: 3
  selector:
    matchLabels: {app: herd}
  template:
    metadata:
      labels: {app: herd}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: nginx:1.29
`;

const OTHER_IMAGE = "httpd:2.4";

const birth: Step = {
  title: "A StatefulSet makes its Pods one after the other, by fixed names (S13)",
  async play(stage) {
    const { live, say, file, type, watchPods, check } = stage;
    const readyAt: string[] = [];
    const stop = live.onChange(() => {
      for (const pod of podsOf(live, "db")) {
        const name = pod.metadata.name!;
        if (phaseOf(pod) === "ready" && !readyAt.includes(name)) readyAt.push(name);
      }
    });
    await file("db.yaml", MANIFEST);
    say("Three Pods that are not alike: each has a number, and a volume of its own.");
    await type("kubectl apply -f db.yaml");
    await watchPods("db", "db-0, db-1 and db-2 are ready", () => allReady(stage, "db", 3));
    stop();
    check("they are called db-0 db-1 db-2", namesOf(stage, "db") === "db-0 db-1 db-2");
    check("each became ready before the next was made", readyAt.join(" ") === "db-0 db-1 db-2");
    await type("kubectl get statefulset,pods,pvc");
  },
};

const data: Step = {
  title: "Each Pod has a claim, and so a volume, of its own",
  async play({ answers, say, type, read, check }) {
    say("The claim is named after the template, the set and the number: data-db-0.");
    const { items } = await read<{ items: readonly PersistentVolumeClaim[] }>("get pvc");
    check(
      "data-db-0, data-db-1 and data-db-2 are bound, each to a volume of its own",
      items.map(({ metadata }) => metadata.name).join(" ") === "data-db-0 data-db-1 data-db-2" &&
        items.every(({ status }) => status?.phase === "Bound") &&
        new Set(items.map(({ spec }) => spec?.volumeName)).size === 3,
    );
    if (!answers) return;
    const { code } = await type(`kubectl exec db-1 -- sh -c "echo I am db-1 > /data/name"`);
    check("db-1 wrote its name into its volume", code === 0);
  },
};

const returns: Step = {
  title: "A pet that is lost comes back: same name, same data",
  async play(stage) {
    const { answers, say, type, read, watchPods, check } = stage;
    const before = await read<PersistentVolumeClaim>("get pvc data-db-1");
    const uid = uidOf(stage, "db-1");
    await type("kubectl delete pod db-1");
    await watchPods("db", "db-1 is there again", () => allReady(stage, "db", 3) && uidOf(stage, "db-1") !== uid);
    say("It is another Pod, as its uid shows, under the same name, and it has the same claim and the same volume.");
    const after = await read<PersistentVolumeClaim>("get pvc data-db-1");
    check(
      "the claim and its volume are the same",
      after.metadata.uid === before.metadata.uid && after.spec?.volumeName === before.spec?.volumeName,
    );
    check("nothing else was touched", namesOf(stage, "db") === "db-0 db-1 db-2");
    if (!answers) return;
    const { stdout } = await type("kubectl exec db-1 -- cat /data/name");
    check("its data is there", stdout.trim() === "I am db-1");
  },
};

const cattle: Step = {
  title: "Cattle do not: a Deployment's Pod comes back as another (S12)",
  async play(stage) {
    const { live, say, file, type, watchPods, check } = stage;
    await file("herd.yaml", CATTLE);
    await type("kubectl apply -f herd.yaml");
    await watchPods("herd", "three Pods of the Deployment are ready", () => allReady(stage, "herd", 3));
    const victim = podsOf(live, "herd")[0]!.metadata.name!;
    await type(`kubectl delete pod ${victim}`);
    await watchPods("herd", "there are three again", () => !live.pods.has(victim) && allReady(stage, "herd", 3));
    say("The name of the one that was lost is gone for good.");
    check(
      "none of them has its name",
      podsOf(live, "herd").every(({ metadata }) => metadata.name !== victim),
    );
    await type("kubectl delete deployment herd");
  },
};

const update: Step = {
  title: "An update goes from the highest number down; a partition stops it on the way",
  async play(stage) {
    const { say, type, watchPods, check } = stage;
    say("With partition 2 only the Pods from number 2 on are updated: a canary.");
    await type(`kubectl patch statefulset db -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}'`);
    await type(`kubectl set image statefulset/db web=${OTHER_IMAGE}`);
    await watchPods(
      "db",
      "db-2 has the new image",
      () => imageOf(stage, "db-2") === OTHER_IMAGE && allReady(stage, "db", 3),
    );
    check(
      "db-0 and db-1 have the old one",
      imageOf(stage, "db-0") === "nginx:1.29" && imageOf(stage, "db-1") === "nginx:1.29",
    );
    await type(`kubectl patch statefulset db -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`);
    await watchPods(
      "db",
      "all have the new image",
      () => allReady(stage, "db", 3) && ["db-0", "db-1", "db-2"].every((pod) => imageOf(stage, pod) === OTHER_IMAGE),
    );
    const { stdout } = await type("kubectl rollout status statefulset/db --timeout=30s");
    check("kubectl says that it is complete", /roll ?(?:ing update|out) complete/.test(stdout));
  },
};

const undo: Step = {
  title: "And back",
  async play(stage) {
    const { type, read, watchPods, check } = stage;
    await type("kubectl rollout history statefulset/db");
    await type("kubectl rollout undo statefulset/db");
    await watchPods(
      "db",
      "all have the first image again",
      () => allReady(stage, "db", 3) && ["db-0", "db-1", "db-2"].every((pod) => imageOf(stage, pod) === "nginx:1.29"),
    );
    const { items } = await read<{ items: readonly unknown[] }>("get controllerrevisions");
    check("the first revision was taken up again: there are two, not three", items.length === 2);
  },
};

const scale: Step = {
  title: "Fewer: the highest number goes first, its data stays",
  async play(stage) {
    const { say, type, read, watchPods, check } = stage;
    const before = await read<PersistentVolumeClaim>("get pvc data-db-2");
    await type("kubectl scale statefulset/db --replicas=1");
    await watchPods("db", "only db-0 is left", () => namesOf(stage, "db") === "db-0");
    const { stdout } = await type("kubectl get pvc");
    check("the claims of all three are there", stdout.trim().split("\n").length === 4);
    say("With persistentVolumeClaimRetentionPolicy they would go too.");
    await type("kubectl scale statefulset/db --replicas=3");
    await watchPods("db", "all three are back", () => allReady(stage, "db", 3));
    const after = await read<PersistentVolumeClaim>("get pvc data-db-2");
    check("db-2 found its volume again", after.metadata.uid === before.metadata.uid);
    const set = await read<StatefulSet>("get statefulset db");
    check("the set counts three", set.status?.readyReplicas === 3 && set.status.currentReplicas === 3);
  },
};

/** Pets keep their names and their data; cattle do not. */
export const pets: readonly Step[] = [birth, data, returns, cattle, update, undo, scale];
