import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { configMap, deployment, pod } from "./support/manifests.ts";

describe("kubectl works on workloads (F2, S12, S15 to S27)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest();
    kubectl = await cluster.inNamespace("working");
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const field = (resource: string, path: string) => kubectl("get", ...resource.split(" "), `-o=jsonpath={${path}}`);
  const rolledOut = (name: string) => kubectl("rollout", "status", `deployment/${name}`, "--timeout=120s");

  it("deletes by name, selector, file and all; in the foreground, background, and with orphans", async () => {
    const ns = await cluster.inNamespace("deleting");
    for (const name of ["a", "b", "c", "d"])
      await ns.apply(configMap(name, {}, `labels: {is: ${name < "c" ? "early" : "late"}}`));
    assert.equal(await ns("delete", "configmap", "a"), 'configmap "a" deleted from deleting namespace\n');
    assert.match(await ns("delete", "configmaps", "-l", "is=early"), /"b" deleted/);
    assert.equal((await ns.try(["delete", "-f", "-"], { input: configMap("c", {}) })).code, 0);
    assert.equal((await ns.try(["delete", "configmap", "c"])).code, 1);
    assert.equal((await ns.try(["delete", "configmap", "c", "--ignore-not-found"])).code, 0);
    assert.match(await ns("delete", "configmap", "d", "--dry-run=server"), /deleted .*\(server dry run\)/);
    await ns("delete", "configmaps", "--all");

    await ns.apply(deployment("orphans", { replicas: 1 }));
    await ns("rollout", "status", "deployment/orphans", "--timeout=120s");
    await ns("delete", "deployment", "orphans", "--cascade=orphan");
    const sets = await ns(
      "get",
      "replicasets",
      "-o=jsonpath={.items[*].spec.replicas} {.items[*].metadata.ownerReferences}",
    );
    assert.equal(sets, "1 ");
    await ns("delete", "replicasets", "--all", "--cascade=foreground");
    assert.equal(await ns("get", "pods,replicasets", "-o", "name"), "");
  });

  it("deletes a Pod within its grace period, or at once by force", async () => {
    await kubectl.apply(
      pod("stubborn", { metadata: "{simulated.knarr.dev/fail: ignore-term}" }).replace(
        "PeriodSeconds: 1",
        "PeriodSeconds: 600",
      ),
    );
    await kubectl("wait", "pod/stubborn", "--for=condition=Ready", "--timeout=120s");
    await kubectl("delete", "pod", "stubborn", "--wait=false");
    assert.equal(await field("pod stubborn", ".metadata.deletionGracePeriodSeconds"), "600");
    assert.match(await kubectl("get", "pod", "stubborn"), /Terminating/);
    const out = await kubectl.try(["delete", "pod", "stubborn", "--grace-period=0", "--force"]);
    assert.match(out.stdout, /pod "stubborn" force deleted/);
    assert.equal((await kubectl.try(["get", "pod", "stubborn"])).code, 1);
  });

  it("scales, with a precondition", async () => {
    await kubectl.apply(deployment("scaled", { replicas: 1 }));
    assert.equal(
      await kubectl("scale", "deployment/scaled", "--replicas=3", "--current-replicas=1"),
      "deployment.apps/scaled scaled\n",
    );
    const wrong = await kubectl.try(["scale", "deployment/scaled", "--replicas=5", "--current-replicas=1"]);
    assert.match(wrong.stderr, /Expected replicas to be 1, was 3/);
    await rolledOut("scaled");
    await kubectl("scale", "rs,deployment", "-l", "none=such", "--replicas=0").catch(() => {});
    assert.equal(await field("deployment scaled", ".status.availableReplicas"), "3");
  });

  it("autoscales and exposes", async () => {
    await kubectl.apply(deployment("grown", { replicas: 0 }));
    await kubectl("autoscale", "deployment/grown", "--min=1", "--max=4", "--cpu=70%");
    assert.match(await kubectl("get", "hpa", "grown"), /Deployment\/grown +cpu: <unknown>\/70% +1 +4/);
    await kubectl("expose", "deployment/grown", "--port=80", "--target-port=8080", "--name=front", "--type=NodePort");
    assert.equal(await field("service front", ".spec.selector.app"), "grown");
    assert.match(await field("service front", ".spec.ports[0].nodePort"), /^3[0-2]\d{3}$/);
  });

  it("sets images, environment, resources, selectors and service accounts", async () => {
    await kubectl.apply(deployment("set", { replicas: 0 }));
    await kubectl("set", "image", "deployment/set", "web=httpd:2.4");
    await kubectl("set", "env", "deployment/set", "A=1", "B=2");
    await kubectl("set", "env", "deployment/set", "B-");
    await kubectl("set", "resources", "deployment/set", "--limits=cpu=200m,memory=64Mi", "--requests=cpu=100m");
    await kubectl("set", "serviceaccount", "deployment/set", "default");
    assert.match(await kubectl("set", "env", "deployment/set", "--list"), /^A=1$/m);
    const container = JSON.parse(await field("deployment set", ".spec.template.spec.containers[0]")) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [container["image"], container["env"], container["resources"]],
      [
        "httpd:2.4",
        [{ name: "A", value: "1" }],
        { limits: { cpu: "200m", memory: "64Mi" }, requests: { cpu: "100m" } },
      ],
    );
    await kubectl("create", "service", "clusterip", "picked", "--tcp=80");
    await kubectl("set", "selector", "service", "picked", "app=other");
    assert.equal(await field("service picked", ".spec.selector"), '{"app":"other"}');
  });

  it("follows, pauses, resumes, restarts and undoes rollouts", async () => {
    await kubectl.apply(deployment("rolled"));
    assert.match(await rolledOut("rolled"), /deployment "rolled" successfully rolled out/);
    await kubectl("rollout", "pause", "deployment/rolled");
    await kubectl("set", "image", "deployment/rolled", "web=httpd:2.4");
    assert.equal((await kubectl("get", "replicasets", "-l", "app=rolled", "-o", "name")).trim().split("\n").length, 1);
    await kubectl("rollout", "resume", "deployment/rolled");
    await rolledOut("rolled");
    await kubectl("rollout", "restart", "deployment/rolled");
    await rolledOut("rolled");
    assert.match(
      await field("deployment rolled", ".spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt"),
      /^20\d\d-/,
    );
    assert.match(await kubectl("rollout", "history", "deployment/rolled"), /\n1 +<none>\n2 +<none>\n3 +<none>\n/);
    assert.equal(
      await kubectl("rollout", "undo", "deployment/rolled", "--to-revision=1"),
      "deployment.apps/rolled rolled back\n",
    );
    await rolledOut("rolled");
    assert.equal(await field("deployment rolled", "..containers[0].image"), "nginx:1.29");
    const missing = await kubectl.try(["rollout", "undo", "deployment/rolled", "--to-revision=77"]);
    assert.match(missing.stderr, /unable to find specified revision 77 in history/);
  });

  it("waits for conditions, values, creation and deletion", async () => {
    const created = kubectl("wait", "configmap/late", "--for=create", "--timeout=120s");
    await kubectl("create", "configmap", "late");
    assert.equal(await created, "configmap/late condition met\n");
    const value = kubectl("wait", "configmap/late", "--for=jsonpath={.data.a}=1", "--timeout=120s");
    await kubectl("patch", "configmap", "late", "-p", '{"data":{"a":"1"}}');
    await value;
    const gone = kubectl("wait", "configmap/late", "--for=delete", "--timeout=120s");
    await kubectl("delete", "configmap", "late");
    await gone;
    await kubectl.apply(pod("awaited", {}));
    await kubectl("wait", "pod/awaited", "--for=condition=Ready", "--timeout=120s");
    const never = await kubectl.try(["wait", "pod/awaited", "--for=condition=Ready=false", "--timeout=1s"]);
    assert.match(never.stderr, /timed out waiting for the condition on pods\/awaited/);
  });

  it("shows the events of an object", async () => {
    await kubectl.apply(pod("eventful", { image: "seen-nowhere-else:1" }));
    await kubectl("wait", "pod/eventful", "--for=condition=Ready", "--timeout=120s");
    // The scheduler and the node tell each in their own time.
    await eventually("the events", async () => {
      const text = await kubectl("events", "--for=pod/eventful");
      for (const reason of ["Scheduled", "Pulling", "Pulled", "Created", "Started"])
        assert.match(text, new RegExp(`Normal +${reason} +Pod/eventful`));
      return true;
    });
    assert.match(
      await kubectl("get", "events", "--field-selector=involvedObject.name=eventful,reason=Started"),
      /pod\/eventful/,
    );
    assert.match(await kubectl("events", "--types=Normal", "-A"), /NAMESPACE +LAST SEEN/);
  });
});
