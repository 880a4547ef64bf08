import type { Step } from "../../stage.ts";

const MANIFEST = `apiVersion: v1
kind: ConfigMap
metadata:
  name: greeting
data:
  text: good morning
---
apiVersion: v1
kind: Secret
metadata:
  name: login
stringData:
  password: s3cr3t
---
apiVersion: v1
kind: Pod
metadata:
  name: configured
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: busybox:1.36
      command: [sleep, infinity]
      env:
        - name: GREETING
          valueFrom: {configMapKeyRef: {name: greeting, key: text}}
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: login, key: password}}
      volumeMounts:
        - {name: greeting, mountPath: /etc/greeting}
        - {name: login, mountPath: /etc/login}
  volumes:
    - name: greeting
      configMap: {name: greeting}
    - name: login
      secret: {secretName: login}
`;

export const configuration: Step = {
  title: "ConfigMap and Secret: variables and files (S10, S11)",
  async play({ say, file, type, look, wait, check }) {
    await file("configured.yaml", MANIFEST);
    await type("kubectl apply -f configured.yaml");
    await type("kubectl wait --for=condition=Ready pod/configured --timeout=60s");
    const before = await type("kubectl exec configured -- sh -c 'echo $GREETING, $PASSWORD'");
    check("both are variables", before.stdout === "good morning, s3cr3t\n");
    const files = await type("kubectl exec configured -- tail -v -n 1 /etc/greeting/text /etc/login/password");
    check("and files", /good morning[^]*s3cr3t/.test(files.stdout));

    say("A ConfigMap may change while its Pods run. Files follow, variables are those of the container's start.");
    const text = "kubectl exec configured -- cat /etc/greeting/text";
    await type('kubectl patch configmap greeting --patch "data: {text: good evening}"');
    await wait("the file follows", async () => (await look(text)).stdout === "good evening");
    await type(text);
    const after = await type("kubectl exec configured -- sh -c 'echo $GREETING'");
    check("the variable stays", after.stdout === "good morning\n");

    say("A Secret is the same, but not shown at a glance, and never on a node's disk.");
    const { stdout } = await type("kubectl describe secret login");
    check("describe tells its size only", /password: +6 bytes/.test(stdout) && !stdout.includes("s3cr3t"));
    const mounts = await type("kubectl exec configured -- grep /etc/login /proc/mounts");
    check("its files are in memory", /^tmpfs \/etc\/login /m.test(mounts.stdout));
    await type("kubectl delete -f configured.yaml --wait=false");
  },
};
