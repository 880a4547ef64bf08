import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { eventually, startUnderTest, type ClusterUnderTest } from "./support/cluster-under-test.ts";
import { run } from "./support/run.ts";

const CHART = {
  "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: '1'\n",
  "values.yaml": "replicas: 2\nimage: nginx:1.29\nhook: 'true'\n",
  "templates/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-web, labels: {app.kubernetes.io/managed-by: {{ .Release.Service }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: web, image: {{ .Values.image }}}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data: {image: "{{ .Values.image }}"}
`,
  "templates/tests/test.yaml": `apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}
spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, echo fine]}]}
`,
  "templates/hook.yaml": `apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-prepare
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: ["{{ .Values.hook }}"]}]}
`,
};

describe("helm 4 (F2)", () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest();
    for (const [name, text] of Object.entries(CHART)) {
      const path = join(cluster.dir, "web", name);
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, text);
    }
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const image = () =>
    cluster.kubectl(
      "-n",
      "helmed",
      "get",
      "deployment",
      "one-web",
      "-o=jsonpath={.spec.template.spec.containers[0].image} {.status.availableReplicas}",
    );

  it("installs, upgrades, rolls back and uninstalls a chart with hooks", async () => {
    await cluster.helm(
      "install",
      "one",
      "./web",
      "--namespace",
      "helmed",
      "--create-namespace",
      "--wait",
      "--timeout",
      "60s",
    );
    assert.equal(await image(), "nginx:1.29 2");
    assert.match(await cluster.helm("list", "-n", "helmed"), /^one\s+helmed\s+1\s.*deployed\s+web-0\.1\.0/m);
    assert.equal(
      await cluster.kubectl("-n", "helmed", "get", "pod", "one-prepare", "-o=jsonpath={.status.phase}"),
      "Succeeded",
    );

    await cluster.helm(
      "upgrade",
      "one",
      "./web",
      "-n",
      "helmed",
      "--set",
      "image=httpd:2.4,replicas=3",
      "--wait",
      "--timeout",
      "60s",
    );
    assert.equal(await image(), "httpd:2.4 3");
    await cluster.helm("rollback", "one", "1", "-n", "helmed", "--wait", "--timeout", "60s");
    assert.equal(await image(), "nginx:1.29 2");
    const history = JSON.parse(await cluster.helm("history", "one", "-n", "helmed", "-o", "json")) as {
      revision: number;
      status: string;
    }[];
    assert.deepEqual(
      history.map(({ revision, status }) => `${revision} ${status}`),
      ["1 superseded", "2 superseded", "3 deployed"],
    );
    assert.match(await cluster.helm("test", "one", "-n", "helmed", "--timeout", "30s"), /one-test[\s\S]*Succeeded/);
    assert.match(await cluster.helm("get", "manifest", "one", "-n", "helmed"), /kind: Deployment/);
    assert.match(await cluster.helm("status", "one", "-n", "helmed"), /STATUS: deployed/);

    assert.match(
      await cluster.helm("uninstall", "one", "-n", "helmed", "--wait", "--timeout", "60s"),
      /release "one" uninstalled/,
    );
    const left = (resources: string) => cluster.kubectl("-n", "helmed", "get", resources, "-o", "name");
    assert.equal(await left("deployments,services,secrets"), "");
    // What the chart does not name goes in the background.
    await eventually("nothing to be left", async () => (await left("replicasets")) === "");
  });

  it("reports a hook that fails, and an upgrade that does not become ready", async () => {
    const failed = await run(
      realClients().helm,
      ["install", "bad", "./web", "--set", "hook=false", "--timeout", "30s"],
      { env: cluster.env, cwd: cluster.dir },
    );
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /pre-install|failed/);
    await cluster.helm("install", "two", "./web", "--wait", "--timeout", "60s");
    const upgrade = [
      "upgrade",
      "two",
      "./web",
      "--set",
      "image=nginx:does-not-exist",
      "--rollback-on-failure",
      "--timeout",
      "3s",
    ];
    assert.equal((await run(realClients().helm, upgrade, { env: cluster.env, cwd: cluster.dir })).code, 1);
    assert.equal(
      await cluster.kubectl("get", "deployment", "two-web", "-o=jsonpath={..containers[0].image}"),
      "nginx:1.29",
    );
  });

  it("installs the chart that helm create makes", async () => {
    await cluster.helm("create", "starter");
    await cluster.helm("lint", "./starter");
    await cluster.helm("template", "./starter");
    await cluster.helm(
      "install",
      "starter",
      "./starter",
      "--wait",
      "--timeout",
      "60s",
      "--set",
      "ingress.enabled=true,autoscaling.enabled=true",
    );
    assert.match(
      await cluster.kubectl(
        "get",
        "deployment,service,ingress,hpa,serviceaccount",
        "-l",
        "app.kubernetes.io/name=starter",
        "-o",
        "name",
      ),
      /ingress\.networking\.k8s\.io\/starter/,
    );
    await cluster.helm("uninstall", "starter", "--wait");
  });
});
