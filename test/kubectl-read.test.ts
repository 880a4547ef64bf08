import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { configMap, deployment } from "./support/manifests.ts";

describe("kubectl reads (F2, S1, S3, S17)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest();
    kubectl = await cluster.inNamespace("reading");
    await kubectl.apply(deployment("web", { replicas: 2 }));
    await kubectl.apply([configMap("b", { size: "2" }), configMap("a", { size: "10" })].join("---\n"));
    await kubectl("label", "configmap", "a", "tier=front");
    await kubectl("label", "configmap", "b", "tier=back");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  it("lists the API's resources and versions", async () => {
    const names = (await kubectl("api-resources", "-o", "name")).trim().split("\n");
    for (const name of [
      "pods",
      "deployments.apps",
      "jobs.batch",
      "ingresses.networking.k8s.io",
      "leases.coordination.k8s.io",
    ])
      assert.ok(names.includes(name), name);
    const wide = await kubectl("api-resources", "-o", "wide", "--api-group=apps");
    assert.match(
      wide,
      /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m,
    );
    const unspaced = await kubectl("api-resources", "--namespaced=false", "--no-headers");
    assert.match(unspaced, /^nodes +no +v1 +false +Node$/m);
    assert.doesNotMatch(unspaced, /^pods /m);
    assert.match(await kubectl("api-resources", "--verbs=list,watch", "--sort-by=kind"), /^bindings|^configmaps/m);
    assert.match(await kubectl("api-versions"), /^apps\/v1$[\s\S]*^v1$/m);
  });

  for (const [what, text] of [
    ["pods", /KIND:\s+Pod\nVERSION:\s+v1/],
    ["deployment.spec.strategy.rollingUpdate.maxSurge", /FIELD: maxSurge <IntOrString>/],
    ["pod.spec.containers.resources.limits", /FIELD: limits <map\[string\]Quantity>/],
    ["ingress.spec.rules", /FIELD: rules <\[\]IngressRule>/],
    ["hpa.spec.metrics", /GROUP:\s+autoscaling[\s\S]*VERSION:\s+v2/],
    ["customresourcedefinitions.spec.versions", /FIELD: versions <\[\]CustomResourceDefinitionVersion>/],
    ["pv.spec.capacity", /FIELD: capacity <map\[string\]Quantity>/],
  ] as const) {
    it(`explains ${what}`, async () => {
      assert.match(await kubectl("explain", what), text);
    });
  }
  it("explains recursively, in another version, and not what is not there", async () => {
    const tree = await kubectl("explain", "cronjob", "--recursive");
    assert.match(tree, /jobTemplate\s+<JobTemplateSpec> -required-/);
    assert.match(tree, /image\s+<string>/);
    assert.match(
      await kubectl("explain", "hpa.spec", "--api-version=autoscaling/v1"),
      /targetCPUUtilizationPercentage/,
    );
    const { code, stderr } = await kubectl.try(["explain", "pod.spec.nonsense"]);
    assert.deepEqual([code, stderr.trim()], [1, 'error: field "nonsense" does not exist']);
  });
  it("explains by OpenAPI v2, which kubectl reads as protobuf", async () => {
    assert.match(await kubectl("explain", "service", "--output=plaintext-openapiv2"), /KIND:\s+Service/);
  });

  it("gets in every output format", async () => {
    const name = async (...args: string[]) => (await kubectl("get", "deployment", "web", ...args)).trim();
    assert.match(await name(), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +(\d+m)?(\d+s)?$/);
    assert.match(
      await name("-o", "wide"),
      /^NAME .* AGE +CONTAINERS +IMAGES +SELECTOR\nweb .* web +nginx:1.29 +app=web$/,
    );
    assert.equal(await name("-o", "name"), "deployment.apps/web");
    assert.match(await name("-o", "yaml"), /^apiVersion: apps\/v1\nkind: Deployment\nmetadata:\n {2}annotations:/);
    assert.equal((JSON.parse(await name("-o", "json")) as { kind: string }).kind, "Deployment");
    assert.equal(await name("-o", "jsonpath={.spec.template.spec.containers[0].image}"), "nginx:1.29");
    assert.equal(await name("-o", "custom-columns=A:.metadata.name,B:.spec.replicas", "--no-headers"), "web   2");
    assert.equal(await name("-o", "go-template={{.metadata.name}} {{len .spec.template.spec.containers}}"), "web 1");
    assert.match(await name("-o", "yaml", "--show-managed-fields"), /managedFields:\n {2}- apiVersion: apps\/v1/);
    assert.match(await name("--show-labels"), /LABELS\nweb .*<none>$/);
    assert.match(await kubectl("get", "cm", "-L", "tier"), /TIER\na .* front\nb .* back/);
    assert.match(
      await kubectl("get", "all"),
      /^pod\/web-[\s\S]*^deployment\.apps\/web [\s\S]*^replicaset\.apps\/web-/m,
    );
    assert.match(await kubectl("get", "deploy,rs", "-o", "kyaml"), /kind: "List"/);
  });

  it("gets several, of all namespaces, by selectors, sorted, in chunks", async () => {
    const names = async (...args: string[]) => (await kubectl("get", ...args, "-o", "name")).trim().split("\n");
    assert.match(await kubectl("get", "pods", "-A"), /^NAMESPACE +NAME[\s\S]*^reading +web-/m);
    assert.deepEqual(await names("cm", "-l", "tier=front"), ["configmap/a"]);
    assert.deepEqual(await names("cm", "-l", "tier in (back,front),tier!=front"), ["configmap/b"]);
    assert.deepEqual(await names("cm", "-l", "!tier"), ["configmap/kube-root-ca.crt"]);
    assert.deepEqual(await names("cm", "--field-selector", "metadata.name=b"), ["configmap/b"]);
    // Other tests make others.
    const running = ["-l", "app=web", "--field-selector=status.phase=Running,spec.nodeName!=none"];
    assert.equal((await names("pods", ...running)).length, 2);
    assert.deepEqual(await names("cm", "-l", "tier", "--sort-by={.data.size}"), ["configmap/b", "configmap/a"]);
    assert.deepEqual(await names("cm", "-l", "tier", "--chunk-size=1"), ["configmap/a", "configmap/b"]);
    const missing = await kubectl.try(["get", "cm", "a", "none"]);
    assert.deepEqual(
      [missing.code, missing.stderr],
      [1, 'Error from server (NotFound): configmaps "none" not found\n'],
    );
    const nonsense = await kubectl.try(["get", "unicorns"]);
    assert.match(nonsense.stderr, /the server doesn't have a resource type "unicorns"/);
    const selector = await kubectl.try(["get", "cm", "--field-selector", "data.size=2"]);
    assert.match(
      selector.stderr,
      /"data.size" is not a known field selector: only "metadata.name", "metadata.namespace"/,
    );
    assert.match((await kubectl.try(["get", "cm", "-n", "nowhere"])).stderr, /No resources found in nowhere namespace/);
    assert.match(await kubectl("get", "--raw", "/healthz"), /^ok$/);
    assert.match(await kubectl("get", "--raw", "/readyz?verbose"), /readyz check passed/);
    assert.match(await kubectl("get", "--raw", "/metrics"), /^apiserver_request_total\{/m);
  });

  it("watches one object with the types of its events", async () => {
    const watching = await cluster.inNamespace("watching");
    const args = [
      "-n",
      "watching",
      "get",
      "configmaps",
      "-w",
      "--output-watch-events",
      "--field-selector",
      "metadata.name=seen",
    ];
    const child = spawn(realClients().kubectl, args, { env: cluster.env, stdio: ["ignore", "pipe", "inherit"] });
    let seen = "";
    const until = (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        const look = () => pattern.test(seen) && resolve();
        look();
        child.stdout.on("data", look);
      });
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (seen += chunk));
    await watching("create", "configmap", "seen", "--from-literal=a=1");
    await until(/ADDED +seen +1/);
    await watching("patch", "configmap", "seen", "-p", '{"data":{"b":"2"}}');
    await until(/MODIFIED +seen +2/);
    await watching("delete", "configmap", "seen");
    await until(/DELETED +seen/);
    child.kill();
    await once(child, "exit");
    assert.match(seen, /^EVENT +NAME +DATA +AGE\n/);
  });

  it("describes many kinds", async () => {
    const manifests = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {pods: "10"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{type: Container, default: {cpu: 500m}}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pets}
spec: {serviceName: pets, selector: {matchLabels: {app: pets}}, template: {metadata: {labels: {app: pets}}, spec: {containers: [{name: c, image: nginx}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agents}
spec: {selector: {matchLabels: {app: agents}}, template: {metadata: {labels: {app: agents}}, spec: {containers: [{name: c, image: nginx}]}}}
`;
    await kubectl.apply(manifests);
    for (const kind of [
      "service/web",
      "pvc/disk",
      "ingress/web",
      "cronjob/nightly",
      "hpa/web",
      "pdb/web",
      "networkpolicy/closed",
      "resourcequota/small",
      "limitrange/limits",
      "statefulset/pets",
      "daemonset/agents",
      "configmap/a",
      "serviceaccount/default",
      "replicasets",
      "pods",
      "node/knarr-1",
      "namespace/reading",
      "lease/knarr-1",
    ]) {
      const where = kind.startsWith("lease/") ? ["-n", "kube-node-lease"] : [];
      const text = await kubectl("describe", kind, ...where);
      assert.match(text, /^Name:\s+\S/, kind);
    }
    const node = await kubectl("describe", "node", "knarr-1");
    assert.match(node, /Ready +True .*KubeletReady/);
    assert.match(node, /Non-terminated Pods:/);
    const pods = await kubectl("describe", "pods", "-l", "app=web", "--show-events");
    assert.match(pods, /Normal +Scheduled .* default-scheduler +Successfully assigned reading\/web-\S+ to knarr-\d/);
    assert.match(pods, /Normal +Pulled|Normal +Started/);
  });

  it("prints logs of a simulated container, and says that exec is simulated", async () => {
    await kubectl("run", "talk", "--image=busybox", "--restart=Never", "--", "sh", "-c", "echo hello; echo world");
    await kubectl("wait", "pod/talk", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s");
    assert.equal(await kubectl("logs", "talk"), "hello\nworld\n");
    assert.equal(await kubectl("logs", "talk", "--tail=1"), "world\n");
    assert.match(await kubectl("logs", "-l", "app=web", "--prefix"), /^$|\[pod\/web-/);
    const { code, stderr } = await kubectl.try(["exec", "deployment/web", "--", "ls"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /simulated/);
  });
});
