import assert from "node:assert/strict";
import { test } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { must } from "./support/commands.ts";
import { ociArchive } from "./support/images/archives.ts";
import { get } from "./support/requests.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { startRealCluster } from "./support/real-cluster.ts";
import { startRegistry, type TestRegistry } from "./support/registry.ts";
import { eventually, KNARR } from "./support/cluster-under-test.ts";
import { deployment } from "./support/manifests.ts";

const WAITING = "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}";

const skip = await skipUnlessReal();

test("images come to a real cluster", { skip }, async (t) => {
  let tls: TestRegistry | undefined;
  await using cluster = await startRealCluster({
    async args(inside) {
      tls = await startRegistry(inside, { port: 5002, tls: true });
      return ["--registry-ca", `${tls.host}=${tls.ca!.file}`];
    },
  });
  const { kubectl, namespace } = cluster;

  await t.test("from a mirror of docker.io", async () => {
    await kubectl.apply(deployment("web", { image: "nginx:1.29", replicas: 2 }));
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await kubectl("expose", "deployment/web", "--port=80");
    const ip = await kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
    const version = await eventually("an answer", () => get(namespace, `http://${ip}/version`));
    assert.equal(version, "1.29\n");
    assert.match(cluster.registry.log(), /library\/nginx\/manifests\/1\.29/);
  });

  await t.test("from a private registry, only with imagePullSecrets of the Pod or its service account", async () => {
    const credentials = { username: "alice", password: "secret" };
    await using registry = await startRegistry(namespace, { port: 5001, credentials });
    const image = `${registry.host}/test/server:1`;
    const here = await cluster.inNamespace("private");
    const pod = (name: string, secret: string) =>
      `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {terminationGracePeriodSeconds: 0, ${secret} containers: [{name: web, image: "${image}"}]}}`;
    await here.apply(pod("stranger", ""));
    await here.apply(pod("forgotten", "imagePullSecrets: [{name: gone}],"));
    await here("wait", "pod/stranger", `${WAITING}=ImagePullBackOff`, "--timeout=120s");
    await here("wait", "pod/forgotten", `${WAITING}=ImagePullBackOff`, "--timeout=120s");
    await eventually("the Event", async () =>
      /FailedToRetrieveImagePullSecret .*Unable to retrieve some image pull secrets \(gone\); attempting to pull the image may not succeed\./.test(
        await here("describe", "pod/forgotten"),
      ),
    );
    await here(
      ...["create", "secret", "docker-registry", "login", `--docker-server=${registry.host}`],
      ...["--docker-username=alice", "--docker-password=secret"],
    );
    await here.apply(pod("own", "imagePullSecrets: [{name: login}],"));
    await here("wait", "pod/own", "--for=condition=Ready", "--timeout=120s");
    await here("patch", "serviceaccount", "default", "-p", '{"imagePullSecrets": [{"name": "login"}]}');
    await here.apply(pod("account", "").replace('image: "', 'imagePullPolicy: Always, image: "'));
    await here("wait", "pod/account", "--for=condition=Ready", "--timeout=120s");
  });

  await t.test("over TLS, by an authority that the cluster was told of", async () => {
    const here = await cluster.inNamespace("tls");
    await here("run", "web", `--image=${tls!.host}/test/server:2`);
    await here("wait", "pod/web", "--for=condition=Ready", "--timeout=120s");
    assert.equal(await here("get", "pod/web", "-o", "jsonpath={.status.containerStatuses[0].ready}"), "true");
    await tls![Symbol.asyncDispose]();
  });

  await t.test("from an archive, with no registry at all", async () => {
    const here = await cluster.inNamespace("archive");
    const file = join(cluster.dir, "server.tar.gz");
    writeFileSync(file, gzipSync(await ociArchive("test/server:3", "example.test/app:3"), { level: 1 }));
    const knarr = (...args: string[]) => must(KNARR, ["image", ...args, "--data-dir", cluster.dataDir]);
    await here("run", "never", "--image=example.test/app:3", "--image-pull-policy=Never");
    await here("wait", "pod/never", `${WAITING}=ErrImageNeverPull`, "--timeout=120s");
    assert.equal(await knarr("load", file), "loaded example.test/app:3\n");
    await here("wait", "pod/never", "--for=condition=Ready", "--timeout=120s");
    assert.match(await knarr("ls"), /^example\.test\/app:3 +sha256:/m);
    await here("delete", "pod", "never", "--now");
    assert.match(await knarr("rm", "example.test/app:3"), /^removed example\.test\/app:3$/m);
    await here("run", "gone", "--image=example.test/app:3", "--image-pull-policy=Never");
    await here("wait", "pod/gone", `${WAITING}=ErrImageNeverPull`, "--timeout=120s");
  });

  await t.test("or not, and then the Pod says why", async () => {
    const here = await cluster.inNamespace("broken");
    for (const [name, image, reason, why] of [
      ["missing", `${cluster.registry.host}/test/none:1`, "ErrImagePull", /not found/],
      ["corrupt", "test/corrupt:1", "ErrImagePull", /digest/],
      ["foreign", "test/foreign:1", "ErrImagePull", /no match for platform/],
      ["unnamed", "Test/Server:1", "InvalidImageName", /Failed to apply default image tag/],
    ] as const) {
      await here.apply(
        `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {containers: [{name: web, image: "${image}"}]}}`,
      );
      await here(
        "wait",
        `pod/${name}`,
        "--for=jsonpath={.status.containerStatuses[0].state.waiting.message}",
        "--timeout=120s",
      );
      const waiting = await here("get", "pod", name, "-o", "jsonpath={.status.containerStatuses[0].state.waiting}");
      assert.match(waiting, new RegExp(reason), name);
      assert.match(waiting, why);
    }
  });

  assert.deepEqual(await cluster.end(), []);
});
