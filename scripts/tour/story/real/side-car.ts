import type { Step } from "../../stage.ts";

const MANIFEST = `apiVersion: v1
kind: Pod
metadata:
  name: pair
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
    - name: collector
      image: busybox:1.36
      restartPolicy: Always
      command: [tail, -F, /logs/access.log]
      volumeMounts: [{name: logs, mountPath: /logs}]
  containers:
    - name: web
      image: nginx:1.29
      volumeMounts: [{name: logs, mountPath: /var/log/nginx}]
  volumes:
    - name: logs
      emptyDir: {}
`;

/** A process's own kernel namespaces. */
const NAMESPACES = "sh -c 'cd /proc/self/ns; for name in net ipc mnt; do readlink $name; done'";

export const sideCar: Step = {
  title: "A side-car shares its Pod's network, IPC and volumes (S2)",
  async play({ say, file, type, look, wait, check }) {
    await file("pair.yaml", MANIFEST);
    say("nginx writes its log into a volume; beside it, in the same Pod, a second container collects it.");
    await type("kubectl apply -f pair.yaml");
    await type("kubectl wait --for=condition=Ready pod/pair --timeout=60s");
    const pods = await type("kubectl get pod pair");
    check("both containers are ready", /^pair +2\/2 +Running/m.test(pods.stdout));
    const version = await type("kubectl exec pair -c collector -- wget -q -O - http://localhost/version");
    check("to the side-car, nginx is localhost", version.stdout.trim() === "1.29");
    await wait("the side-car read of it in the volume", async () =>
      (await look("kubectl logs pair -c collector")).stdout.includes("GET /version"),
    );
    await type("kubectl logs pair -c collector");
    const web = await type(`kubectl exec pair -c web -- ${NAMESPACES}`);
    const collector = await type(`kubectl exec pair -c collector -- ${NAMESPACES}`);
    const [theirs, ours] = [web, collector].map(({ stdout }) => stdout.trim().split("\n"));
    const shared = [0, 1, 2].map((i) => theirs?.[i] !== undefined && theirs[i] === ours?.[i]);
    check("one network and one IPC namespace for both, but files of their own", shared.join() === "true,true,false");
    await type("kubectl delete pod pair --wait=false");
  },
};
