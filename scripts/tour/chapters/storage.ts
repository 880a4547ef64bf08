import type { PersistentVolume, PersistentVolumeClaim, Pod } from "#objects";
import type { Step } from "../stage.ts";

const volume = (dir: string, name: string, size: string) => `apiVersion: v1
kind: PersistentVolume
metadata:
  name: ${name}
spec:
  storageClassName: pool
  capacity: {storage: ${size}}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: ${dir}/volumes/${name}, type: DirectoryOrCreate}
`;

const claim = (name: string, size: string, storageClass?: string) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: ${name}
spec:
${storageClass === undefined ? "" : `  storageClassName: ${storageClass}\n`}  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: ${size}}}
`;

const pod = (name: string, claimName: string) => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: web
      image: nginx:1.29
      volumeMounts: [{name: data, mountPath: /data}]
  volumes:
    - name: data
      persistentVolumeClaim: {claimName: ${claimName}}
`;

const READY = "--for=condition=Ready --timeout=60s";

const pool: Step = {
  title: "A pool of volumes, and a claim that takes the one that fits (S4)",
  async play({ dir, say, file, type, look, read, wait, check }) {
    const volumes = [volume(dir, "small", "1Gi"), volume(dir, "middle", "5Gi"), volume(dir, "large", "50Gi")];
    await file("pool.yaml", volumes.join("---\n"));
    await file("claim.yaml", claim("notes", "3Gi", "pool"));
    say("The administrator has prepared three volumes. A user asks for a size and a way of access.");
    await type("kubectl apply -f pool.yaml");
    await type("kubectl apply -f claim.yaml");
    await wait("the claim is bound", async () => (await look("kubectl get pvc notes")).stdout.includes("Bound"));
    await type("kubectl get pv,pvc");
    const { spec } = await read<PersistentVolumeClaim>("get pvc notes");
    check("to the smallest that is large enough", spec?.volumeName === "middle");
  },
};

const tooMuch: Step = {
  title: "A claim that asks for too much waits, and says why",
  async play({ file, type, look, wait, check }) {
    await file("greedy.yaml", claim("greedy", "100Gi", "pool"));
    await type("kubectl apply -f greedy.yaml");
    await wait("an Event says what is missing", async () =>
      /ProvisioningFailed|FailedBinding/.test((await look("kubectl describe pvc greedy")).stdout),
    );
    const { stdout } = await type("kubectl describe pvc greedy");
    check("it is pending", /^Status:\s+Pending$/m.test(stdout));
    await type("kubectl delete pvc greedy");
  },
};

const outlives: Step = {
  title: "Data outlives the Pod",
  async play({ answers, say, file, type, read, check }) {
    await file("reader.yaml", pod("reader", "notes"));
    await type("kubectl apply -f reader.yaml");
    await type(`kubectl wait pod/reader ${READY}`);
    if (answers) await type(`kubectl exec reader -- sh -c "echo remember me > /data/note"`);
    await type("kubectl delete pod reader");
    await type("kubectl apply -f reader.yaml");
    const { code } = await type(`kubectl wait pod/reader ${READY}`);
    check("another Pod runs on the same claim", code === 0);
    const { status } = await read<PersistentVolume>("get pv middle");
    check("its volume was bound all the time", status?.phase === "Bound");
    if (answers) {
      const { stdout } = await type("kubectl exec reader -- cat /data/note");
      check("the note is there", stdout.trim() === "remember me");
    }
    say("A claim that a Pod uses cannot be pulled from under it.");
    await type("kubectl delete pvc notes --wait=false");
    const { metadata } = await read<PersistentVolumeClaim>("get pvc notes");
    check(
      "it is kept by a finalizer until the Pod is gone",
      metadata.deletionTimestamp !== undefined && metadata.finalizers?.join() === "kubernetes.io/pvc-protection",
    );
  },
};

const released: Step = {
  title: "What becomes of a volume whose claim is gone: its reclaim policy says it",
  async play({ say, type, look, wait }) {
    await type("kubectl delete pod reader");
    await wait("the claim is gone", async () => (await look("kubectl get pvc notes")).code !== 0);
    await wait("the volume is released", async () => (await look("kubectl get pv middle")).stdout.includes("Released"));
    await type("kubectl get pv");
    say("Retain: it keeps its data, and no other claim gets it until the administrator has looked at it.");
    await type("kubectl delete pv small middle large");
  },
};

const provisioned: Step = {
  title: "Without a pool: a StorageClass has a volume made (S5)",
  async play({ say, file, type, look, read, wait, check }) {
    await type("kubectl get storageclass");
    say(
      "The claim names no class and so gets the default one. It waits for a Pod, so that the volume is made where the Pod is.",
    );
    await file("scratch.yaml", claim("scratch", "1Gi"));
    await type("kubectl apply -f scratch.yaml");
    await type("kubectl get pvc scratch");
    await file("writer.yaml", pod("writer", "scratch"));
    await type("kubectl apply -f writer.yaml");
    await type(`kubectl wait pod/writer ${READY}`);
    await type("kubectl get pv,pvc");
    const { spec, status } = await read<PersistentVolumeClaim>("get pvc scratch");
    check("a volume was made and bound", status?.phase === "Bound");
    const { spec: pods } = await read<Pod>("get pod writer");
    const made = await read<PersistentVolume>(`get pv ${spec?.volumeName}`);
    const node = JSON.stringify(made.spec?.nodeAffinity ?? {});
    check(`it is on the Pod's Node, ${pods?.nodeName}`, node.includes(`"${pods?.nodeName}"`));
    say("Its policy is Delete: with the claim the volume goes, and with it the data.");
    await type("kubectl delete pod writer");
    await type("kubectl delete pvc scratch");
    await wait("the volume is gone", async () => (await look(`kubectl get pv ${spec?.volumeName}`)).code !== 0);
  },
};

/** Volumes that outlive their Pods. */
export const storage: readonly Step[] = [pool, tooMuch, outlives, released, provisioned];
