import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { configMap, deployment } from "./support/manifests.ts";

describe("kubectl applies and changes objects (F2, S1, S20)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest();
    kubectl = await cluster.inNamespace("applying");
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const data = (name: string) => kubectl("get", "configmap", name, "-o=jsonpath={.data}");

  it("applies client-side: adds, changes and removes fields, and leaves those that other clients added", async () => {
    assert.equal(await kubectl.apply(configMap("mine", { a: "1", b: "2" })), "configmap/mine created\n");
    assert.equal(await kubectl.apply(configMap("mine", { a: "1", b: "2" })), "configmap/mine unchanged\n");
    await kubectl("patch", "configmap", "mine", "--type=merge", "-p", '{"data":{"theirs":"x"}}');
    assert.equal(await kubectl.apply(configMap("mine", { a: "3" })), "configmap/mine configured\n");
    assert.equal(await data("mine"), '{"a":"3","theirs":"x"}');
    assert.match(await kubectl("apply", "view-last-applied", "configmap/mine"), /data:\n {2}a: "3"/);
  });

  it("applies a Deployment with lists merged by key", async () => {
    await kubectl.apply(deployment("lists", { replicas: 0 }));
    await kubectl("set", "env", "deployment/lists", "A=1");
    await kubectl.apply(deployment("lists", { replicas: 0, image: "httpd:2.4" }));
    const shown = await kubectl(
      "get",
      "deployment",
      "lists",
      "-o=jsonpath={..containers[0].image} {..containers[0].env[0].name}",
    );
    assert.equal(shown, "httpd:2.4 A");
  });

  it("applies server-side, with conflicts, force and ownership", async () => {
    const apply = (owner: string, value: string, ...more: string[]) =>
      kubectl.try(["apply", "--server-side", "--field-manager", owner, "-f", "-", ...more], {
        input: configMap("shared", { a: value }),
      });
    assert.equal((await apply("ann", "1")).stdout, "configmap/shared serverside-applied\n");
    const conflict = await apply("bob", "2");
    assert.equal(conflict.code, 1);
    assert.match(conflict.stderr, /Apply failed with 1 conflict: conflict with "ann": \.data\.a/);
    assert.equal((await apply("bob", "2", "--force-conflicts")).code, 0);
    assert.equal(await data("shared"), '{"a":"2"}');
    // Ann no longer owns it, so leaving it out takes nothing away.
    const without = await kubectl.try(["apply", "--server-side", "--field-manager=ann", "-f", "-"], {
      input: configMap("shared", { other: "1" }),
    });
    assert.equal(without.code, 0, without.stderr);
    assert.equal(await data("shared"), '{"a":"2","other":"1"}');
    const managers = await kubectl(
      "get",
      "configmap",
      "shared",
      "--show-managed-fields",
      "-o=jsonpath={.metadata.managedFields[*].manager} {.metadata.managedFields[*].operation}",
    );
    assert.deepEqual(managers.split(" ").toSorted(), ["Apply", "Apply", "ann", "bob"]);
  });

  it("moves from client-side to server-side apply", async () => {
    await kubectl.apply(configMap("moved", { a: "1", b: "1" }));
    await kubectl.apply(configMap("moved", { a: "2" }), "--server-side");
    assert.equal(await data("moved"), '{"a":"2"}');
  });

  it("prunes what is no longer in the set", async () => {
    const one = await cluster.inNamespace("pruning");
    const labels = "labels: {set: x}";
    await one.apply([configMap("kept", {}, labels), configMap("gone", {}, labels)].join("---\n"));
    await one("create", "configmap", "foreign");
    const out = await one.apply(
      configMap("kept", {}, labels),
      "--prune",
      "-l",
      "set=x",
      "--prune-allowlist=core/v1/ConfigMap",
    );
    assert.match(out, /configmap\/gone pruned/);
    await one("wait", "configmap/kube-root-ca.crt", "--for=create", "--timeout=120s");
    const left = await one("get", "configmaps", "-o", "name");
    assert.equal(left, "configmap/foreign\nconfigmap/kept\nconfigmap/kube-root-ca.crt\n");
  });

  it("shows differences by exit code: 0 none, 1 some, more than 1 trouble", async () => {
    await kubectl.apply(configMap("compared", { a: "1" }));
    const diff = (text: string, ...more: string[]) => kubectl.try(["diff", "-f", "-", ...more], { input: text });
    assert.equal((await diff(configMap("compared", { a: "1" }))).code, 0);
    const changed = await diff(configMap("compared", { a: "2" }));
    assert.equal(changed.code, 1, changed.stderr);
    assert.match(changed.stdout, /^- {2}a: "1"\n\+ {2}a: "2"$/m);
    assert.equal((await diff(configMap("compared", { a: "2" }), "--server-side")).code, 1);
    assert.ok((await diff("kind: [")).code > 1);
    assert.equal(await data("compared"), '{"a":"1"}');
  });

  it("edits with an editor", async () => {
    await kubectl.apply(configMap("edited", { a: "old" }));
    const editor = join(cluster.dir, "editor.sh");
    await writeFile(editor, '#!/bin/sh\nsed -i s/old/new/ "$1"\n');
    await chmod(editor, 0o755);
    const edit = await kubectl.try(["edit", "configmap", "edited"], { env: { KUBE_EDITOR: editor } });
    assert.equal(edit.stdout, "configmap/edited edited\n", edit.stderr);
    assert.equal(await data("edited"), '{"a":"new"}');
    const none = await kubectl.try(["edit", "configmap", "edited"], { env: { KUBE_EDITOR: "true" } });
    assert.match(none.stdout + none.stderr, /Edit cancelled, no changes made/);
  });

  it("patches in four ways", async () => {
    await kubectl.apply(deployment("patched", { replicas: 0 }));
    const patch = (type: string, text: string, ...more: string[]) =>
      kubectl("patch", "deployment", "patched", `--type=${type}`, "-p", text, ...more);
    const containers = () => kubectl("get", "deployment", "patched", "-o=jsonpath={..containers[*].name}");
    await patch("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}');
    assert.deepEqual((await containers()).split(" ").toSorted(), ["side", "web"]);
    await patch("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}');
    assert.equal(await containers(), "web");
    await patch(
      "json",
      '[{"op":"test","path":"/spec/replicas","value":0},{"op":"add","path":"/metadata/labels","value":{"x":"y"}}]',
    );
    await patch("merge", '{"spec":{"template":{"spec":{"containers":[{"name":"only","image":"nginx"}]}}}}');
    assert.equal(await containers(), "only");
    // Of a kind that no controller writes to meanwhile.
    await kubectl.apply(configMap("unpatched", { a: "1" }));
    assert.equal(
      await kubectl("patch", "configmap", "unpatched", "--type=merge", "-p", '{"data":{"a":"1"}}'),
      "configmap/unpatched patched (no change)\n",
    );
    await patch("merge", '{"spec":{"replicas":0}}', "--subresource=scale");
    const failed = await kubectl.try([
      "patch",
      "deployment",
      "patched",
      "--type=json",
      "-p",
      '[{"op":"test","path":"/spec/replicas","value":9}]',
    ]);
    assert.match(
      failed.stderr,
      /testing value \/spec\/replicas failed|the server rejected our request due to an error in our request/,
    );
  });

  it("replaces, and by force under a new uid", async () => {
    await kubectl("create", "configmap", "replaced", "--from-literal=a=1");
    const uid = () => kubectl("get", "configmap", "replaced", "-o=jsonpath={.metadata.uid}");
    const before = await uid();
    const replace = (...more: string[]) =>
      kubectl.try(["replace", "-f", "-", ...more], { input: configMap("replaced", { b: "1" }) });
    assert.equal((await replace()).stdout, "configmap/replaced replaced\n");
    assert.deepEqual([await data("replaced"), await uid()], ['{"b":"1"}', before]);
    assert.match((await replace("--force")).stdout, /configmap\/replaced replaced/);
    assert.notEqual(await uid(), before);
    const stale = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"replaced","resourceVersion":"1"}}`;
    const conflict = await kubectl.try(["replace", "-f", "-"], { input: stale });
    assert.match(
      conflict.stderr,
      /Error from server \(Conflict\): .*the object has been modified; please apply your changes to the latest version and try again/,
    );
  });

  it("refuses to change what cannot change", async () => {
    await kubectl.apply(deployment("fixed", { replicas: 0 }));
    const selector = await kubectl.try([
      "patch",
      "deployment",
      "fixed",
      "-p",
      '{"spec":{"selector":{"matchLabels":{"app":"other"}},"template":{"metadata":{"labels":{"app":"other"}}}}}',
    ]);
    assert.match(selector.stderr, /spec\.selector: Invalid value: .*: field is immutable/);
    await kubectl.apply(`${configMap("frozen", { a: "1" })}immutable: true\n`);
    const frozen = await kubectl.try(["patch", "configmap", "frozen", "-p", '{"data":{"a":"2"}}']);
    assert.match(frozen.stderr, /data: Forbidden: field is immutable when `immutable` is set/);
  });

  it("labels and annotates", async () => {
    await kubectl.apply(configMap("marked", {}));
    assert.equal(await kubectl("label", "configmap", "marked", "a=1", "b=2"), "configmap/marked labeled\n");
    const again = await kubectl.try(["label", "configmap", "marked", "a=2"]);
    assert.match(again.stderr, /'a' already has a value \(1\), and --overwrite is false/);
    await kubectl("label", "configmap", "marked", "a=2", "b-", "--overwrite");
    await kubectl("annotate", "configmaps", "-l", "a=2", "note=hello there");
    assert.match(await kubectl("annotate", "configmap", "marked", "--list"), /note=hello there/);
    const shown = await kubectl(
      "get",
      "configmap",
      "marked",
      "-o=jsonpath={.metadata.labels} {.metadata.annotations.note}",
    );
    assert.equal(shown, '{"a":"2"} hello there');
    const bad = await kubectl.try(["label", "configmap", "marked", "a=not valid"]);
    assert.match(bad.stderr, /a valid label must be an empty string or consist of/);
  });

  it("applies a kustomization", async () => {
    const folder = join(cluster.dir, "kustom");
    await mkdir(folder);
    await writeFile(join(folder, "map.yaml"), configMap("base", { a: "1" }));
    await writeFile(
      join(folder, "kustomization.yaml"),
      "resources: [map.yaml]\nnamePrefix: dev-\nconfigMapGenerator: [{name: made, literals: [x=1]}]\n",
    );
    assert.match(await kubectl("kustomize", folder), /name: dev-base/);
    const applied = await kubectl("apply", "-k", folder);
    assert.match(applied, /configmap\/dev-base created/);
    assert.match(applied, /configmap\/dev-made-[a-z0-9]{10} created/);
    assert.match(await kubectl("delete", "-k", folder), /configmap "dev-base" deleted/);
  });

  it("applies with --dry-run, which changes nothing", async () => {
    const server = await kubectl.apply(configMap("dry", {}), "--dry-run=server");
    assert.equal(server, "configmap/dry created (server dry run)\n");
    assert.equal(await kubectl.apply(configMap("dry", {}), "--dry-run=client"), "configmap/dry created (dry run)\n");
    assert.equal((await kubectl.try(["get", "configmap", "dry"])).code, 1);
  });
});
