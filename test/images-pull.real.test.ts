import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { testImages } from "./support/images/catalog.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { startRealCluster, type RealCluster } from "./support/real-cluster.ts";
import { startRegistry } from "./support/registry.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { podOf, statuses, until, untilReady, waitsFor } from "./support/pods.ts";
import { clientIn, listOf, serverPod } from "./support/servers.ts";

const skip = await skipUnlessReal();

describe("the kubelet pulls images", { skip, concurrency: 3 }, () => {
  let cluster: RealCluster;
  before(async () => {
    cluster = await startRealCluster();
  });
  after(async () => {
    assert.deepEqual(await cluster?.end(), []);
  });

  /** Resolves to what is said meanwhile: the next try may follow at any time. */
  const waiting = async (kubectl: Kubectl, name: string, reason: string) => {
    const found = await until(kubectl, name, reason, (at) => waitsFor(reason)(statuses(at).get("main")));
    return statuses(found).get("main")?.state?.waiting?.message ?? "";
  };
  const imageId = async (kubectl: Kubectl, name: string) =>
    statuses(await podOf(kubectl, name)).get("main")?.imageID ?? "";
  /** `Normal Pulled …`, the oldest first. */
  const eventsOf = async (kubectl: Kubectl, pod: string) => {
    const path = "{range .items[*]}{.type} {.reason} {.message}{'\\n'}{end}";
    const printed = await kubectl(
      "get",
      "events",
      `--field-selector=involvedObject.name=${pod}`,
      "--sort-by=.metadata.resourceVersion",
      "-o",
      `jsonpath=${path}`,
    );
    return printed.trim().split("\n");
  };
  const policy = (imagePullPolicy: string) => ({ container: { imagePullPolicy } });

  test("by policy, so that a tag means what it means now or what it meant when it was pulled", async () => {
    const kubectl = await cluster.inNamespace("policy");
    const { host, tag } = cluster.registry;
    const image = `${host}/team/app:1`;
    tag("test/server:1", "team/app:1");
    await kubectl.apply(listOf(serverPod("never", { image, ...policy("Never") })));
    assert.match(
      await waiting(kubectl, "never", "ErrImageNeverPull"),
      /^Container image ".*" is not present with pull policy of Never$/,
    );

    await kubectl.apply(listOf(serverPod("first", { image })));
    await untilReady(kubectl, "first");
    tag("test/server:2", "team/app:1");
    await kubectl.apply(listOf(serverPod("present", { image, ...policy("IfNotPresent") })));
    await untilReady(kubectl, "present");
    await eventually("the Event", async () =>
      (await eventsOf(kubectl, "present")).includes(
        `Normal Pulled Container image "${image}" already present on machine and can be accessed by the pod`,
      ),
    );
    await kubectl.apply(listOf(serverPod("always", { image, ...policy("Always") })));
    await untilReady(kubectl, "always");
    const version = (pod: string) => clientIn(kubectl, pod).ask(["http://127.0.0.1:8080/version"]);
    assert.deepEqual(
      [await version("first"), await version("present"), await version("always")],
      [["1"], ["1"], ["2"]],
    );
    // It is present by now, and a Pod that may not pull starts without being made anew.
    await untilReady(kubectl, "never");
    // A tag that may change is asked for each time.
    await kubectl.apply(listOf(serverPod("latest", { image: "test/server" })));
    assert.equal(
      await kubectl("get", "pod", "latest", "-o", "jsonpath={.spec.containers[0].imagePullPolicy}"),
      "Always",
    );
    await untilReady(kubectl, "latest");
  });

  test("by digest, with and without a tag, and the status says which one it is", async () => {
    const kubectl = await cluster.inNamespace("digest");
    const { digest } = (await testImages()).images.get("test/server:3")!.root;
    const { host } = cluster.registry;
    await kubectl.apply(
      listOf(
        serverPod("digest", { image: `${host}/test/server@${digest}` }),
        serverPod("both", { image: `${host}/test/server:whatever@${digest}` }),
        serverPod("mirrored", { image: `test/server@${digest}` }),
      ),
    );
    await untilReady(kubectl, "digest", "both", "mirrored");
    for (const pod of ["digest", "both", "mirrored"]) {
      assert.deepEqual(await clientIn(kubectl, pod).ask(["http://127.0.0.1:8080/version"]), ["3"]);
      assert.ok((await imageId(kubectl, pod)).endsWith(`/test/server@${digest}`), pod);
    }
  });

  test("when the registry is back, and meanwhile only the Pods that need it wait", async () => {
    const kubectl = await cluster.inNamespace("outage");
    await using registry = await startRegistry(cluster.namespace, { port: 5003 });
    await registry.stop();
    const image = `${registry.host}/test/server:1`;
    await kubectl.apply(
      listOf(
        serverPod("web", { image }),
        serverPod("init", { spec: { initContainers: [{ name: "first", image, args: ["log", "1"] }] } }),
        serverPod("other"),
      ),
    );
    assert.match(
      await waiting(kubectl, "web", "ImagePullBackOff"),
      new RegExp(`^Back-off pulling image "${image}": ErrImagePull: .*connection refused$`),
    );
    await untilReady(kubectl, "other");
    await eventually("the init container to wait too", async () =>
      /^init +0\/1 +Init:(ErrImagePull|ImagePullBackOff) /m.test(await kubectl("get", "pods")),
    );
    await eventually("the Events", async () => {
      const events = (await eventsOf(kubectl, "web")).join("\n");
      for (const text of [
        new RegExp(`^Normal Pulling Pulling image "${image}"$`, "m"),
        new RegExp(`^Warning Failed Failed to pull image "${image}": .*connection refused$`, "m"),
        /^Warning Failed Error: ErrImagePull$/m,
        new RegExp(`^Normal BackOff Back-off pulling image "${image}"$`, "m"),
        /^Warning Failed Error: ImagePullBackOff$/m,
      ])
        assert.match(events, text);
      return true;
    });
    await registry.start();
    await untilReady(kubectl, "web", "init");
  });

  test("with the right password only, and says when it is wrong", async () => {
    const kubectl = await cluster.inNamespace("password");
    const credentials = { username: "alice", password: "right" };
    await using registry = await startRegistry(cluster.namespace, { port: 5004, credentials });
    const login = (name: string, password: string) =>
      kubectl(
        "create",
        "secret",
        "docker-registry",
        name,
        `--docker-server=${registry.host}`,
        "--docker-username=alice",
        `--docker-password=${password}`,
      );
    await login("wrong", "wrong");
    await login("right", "right");
    const image = `${registry.host}/test/server:1`;
    const secrets = (...names: string[]) => ({ spec: { imagePullSecrets: names.map((name) => ({ name })) } });
    await kubectl.apply(listOf(serverPod("wrong", { image, ...secrets("wrong") })));
    assert.match(await waiting(kubectl, "wrong", "ImagePullBackOff"), /401 Unauthorized|authorization failed/);
    // One of several that fits is enough.
    await kubectl.apply(listOf(serverPod("both", { image, ...secrets("wrong", "right") })));
    await untilReady(kubectl, "both");
    // The image is on the node now, and still only for those who could have pulled it.
    await kubectl.apply(
      listOf(
        serverPod("stranger", { image, ...policy("IfNotPresent") }),
        serverPod("never", { image, ...policy("Never") }),
        serverPod("friend", {
          image,
          container: { imagePullPolicy: "Never" },
          spec: { imagePullSecrets: [{ name: "right" }] },
        }),
      ),
    );
    await waiting(kubectl, "stranger", "ImagePullBackOff");
    await waiting(kubectl, "never", "ErrImageNeverPull");
    await untilReady(kubectl, "friend");
  });

  test("once for several Pods, and an Event says how long it took and how large it is", async () => {
    const kubectl = await cluster.inNamespace("large");
    const command = ["sleep", "100000"];
    const names = ["a", "b", "c"];
    await kubectl.apply(listOf(...names.map((name) => serverPod(name, { image: "test/large:1", command }))));
    await untilReady(kubectl, ...names);
    const pulled = await eventually("an Event of each", async () => {
      const events = await Promise.all(names.map((name) => eventsOf(kubectl, name)));
      const found = events.flat().filter((event) => event.startsWith("Normal Pulled "));
      return found.length >= names.length && found;
    });
    const SUCCESS =
      /^Normal Pulled Successfully pulled image "test\/large:1" in \S+ \(\S+ including waiting\)\. Image size: 6\d{7} bytes\.$/;
    assert.ok(
      pulled.some((event) => SUCCESS.test(event)),
      pulled.join("\n"),
    );
    assert.equal(pulled.length, names.length);
    await eventually("the node to list it", async () =>
      (await kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.images}")).includes("test/large:1"),
    );
    const fetched = [...cluster.registry.log().matchAll(/"GET (\/v2\/test\/large\/blobs\/\S+) /g)].map(
      ([, path]) => path,
    );
    assert.ok(fetched.length > 0);
    assert.deepEqual(fetched, [...new Set(fetched)], "no blob twice");
  });

  test("of eight different names at once", async () => {
    const kubectl = await cluster.inNamespace("many");
    const { host, tag } = cluster.registry;
    const names = Array.from({ length: 8 }, (_, i) => `p${i}`);
    for (const name of names) tag("test/server:2", `many/${name}:1`);
    await kubectl.apply(listOf(...names.map((name) => serverPod(name, { image: `${host}/many/${name}:1` }))));
    await untilReady(kubectl, ...names);
    const { digest } = (await testImages()).images.get("test/server:2")!.root;
    assert.ok((await imageId(kubectl, "p3")).endsWith(digest));
  });
});
