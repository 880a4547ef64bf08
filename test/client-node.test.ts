import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request, type RequestOptions } from "node:https";
import { after, before, describe, it } from "node:test";
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
} from "@kubernetes/client-node";
import { eventually, startUnderTest, type ClusterUnderTest } from "./support/cluster-under-test.ts";

describe("@kubernetes/client-node (F2)", () => {
  let cluster: ClusterUnderTest;
  const config = new KubeConfig();
  before(async () => {
    cluster = await startUnderTest({ nodes: 1 });
    config.loadFromString(await readFile(cluster.kubeconfig, "utf8"));
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  it("runs an informer through all that happens", async () => {
    const core = config.makeApiClient(CoreV1Api);
    const seen: string[] = [];
    const informer = makeInformer<V1ConfigMap>(
      config,
      "/api/v1/namespaces/default/configmaps",
      () => core.listNamespacedConfigMap({ namespace: "default", labelSelector: "informed" }),
      "informed",
    );
    for (const verb of ["add", "update", "delete"] as const)
      informer.on(verb, ({ metadata, data }) => seen.push(`${verb} ${metadata?.name} ${JSON.stringify(data ?? {})}`));
    await core.createNamespacedConfigMap({
      namespace: "default",
      body: { metadata: { name: "early", labels: { informed: "" } } },
    });
    await informer.start();
    try {
      await core.createNamespacedConfigMap({
        namespace: "default",
        body: { metadata: { name: "late", labels: { informed: "" } } },
      });
      await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "other" } } });
      await core.patchNamespacedConfigMap(
        { namespace: "default", name: "late", body: { data: { a: "1" } } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
      await core.deleteNamespacedConfigMap({ namespace: "default", name: "early" });
      await eventually("all events", () => Promise.resolve(seen.length >= 4));
      assert.deepEqual(seen, ["add early {}", "add late {}", 'update late {"a":"1"}', "delete early {}"]);
      assert.deepEqual(
        informer.list().map(({ metadata }) => metadata?.name),
        ["late"],
      );
    } finally {
      await informer.stop();
    }
  });

  it("creates a Deployment, reads its scale, and gets errors as Status", async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: "typed" };
    const made = await apps.createNamespacedDeployment({
      namespace: "default",
      body: {
        metadata: { name: "typed" },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "nginx" }] } },
        },
      },
    });
    assert.ok(made.metadata?.creationTimestamp instanceof Date);
    await eventually(
      "an available Pod",
      async () =>
        (await apps.readNamespacedDeploymentStatus({ namespace: "default", name: "typed" })).status
          ?.availableReplicas === 1,
    );
    assert.equal((await apps.readNamespacedDeploymentScale({ namespace: "default", name: "typed" })).spec?.replicas, 1);
    await assert.rejects(
      apps.readNamespacedDeployment({ namespace: "default", name: "none" }),
      (error: { code?: number; body?: string }) => {
        assert.equal(error.code, 404);
        assert.equal((JSON.parse(error.body!) as { reason: string }).reason, "NotFound");
        return true;
      },
    );
  });

  it("answers in YAML when asked to", async () => {
    const options: RequestOptions = { headers: { accept: "application/yaml" } };
    await config.applyToHTTPSOptions(options);
    const call = request(`${config.getCurrentCluster()!.server}/api/v1/namespaces/default`, options).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const body = (await response.setEncoding("utf8").toArray()).join("");
    assert.equal(response.headers["content-type"], "application/yaml");
    assert.match(body, /^apiVersion: v1\nkind: Namespace\n/);
  });
});
