import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { configMap } from "./support/manifests.ts";

describe("kubectl creates (F2, S1, S10, S11, S14)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest();
    kubectl = await cluster.inNamespace("making");
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const generators: readonly (readonly [line: string, path: string, expected: string])[] = [
    ["deployment web --image=nginx --replicas=2 --port=80", ".spec.replicas", "2"],
    ["deployment two --image=nginx --image=redis", ".spec.template.spec.containers[*].name", "nginx redis"],
    ["configmap literal --from-literal=a=1 --from-literal=b=2", ".data", '{"a":"1","b":"2"}'],
    ["secret generic login --from-literal=user=me", ".data.user", "bWU="],
    [
      "secret docker-registry pull --docker-server=r.example --docker-username=u --docker-password=p",
      ".type",
      "kubernetes.io/dockerconfigjson",
    ],
    ["namespace made", ".status.phase", "Active"],
    ["serviceaccount robot", ".metadata.name", "robot"],
    ["role reader --verb=get,list --resource=pods,deployments.apps", ".rules[*].resources", '["pods"] ["deployments"]'],
    ["rolebinding readers --role=reader --user=ann --group=staff", ".subjects[*].name", "ann staff"],
    ["clusterrole viewer --verb=get --non-resource-url=/metrics", ".rules[0].nonResourceURLs", '["/metrics"]'],
    ["clusterrolebinding viewers --clusterrole=viewer --serviceaccount=making:robot", ".roleRef.kind", "ClusterRole"],
    ["job once --image=busybox -- true", ".spec.completions", "1"],
    ["cronjob hourly --image=busybox --schedule=@hourly", ".spec.schedule", "@hourly"],
    ["service clusterip inner --tcp=80:8080", ".spec.ports[0].targetPort", "8080"],
    ["service nodeport outer --tcp=80 --node-port=30080", ".spec.ports[0].nodePort", "30080"],
    ["service loadbalancer lb --tcp=443", ".spec.type", "LoadBalancer"],
    ["service externalname far --external-name=example.org", ".spec.externalName", "example.org"],
    ["ingress front --rule=example.org/*=inner:80", ".spec.rules[0].http.paths[0].pathType", "Prefix"],
    ["quota small --hard=pods=5 --scopes=BestEffort", ".spec.hard.pods", "5"],
    ["poddisruptionbudget calm --selector=app=web --min-available=1", ".spec.minAvailable", "1"],
    ["priorityclass urgent --value=1000", ".value", "1000"],
  ];
  for (const [line, path, expected] of generators) {
    it(`creates ${line}`, async () => {
      const words = line.split(" ");
      const dashes = words.indexOf("--");
      const at = dashes < 0 ? words.length : dashes;
      const args = ["create", ...words.slice(0, at), `-o=jsonpath={${path}}`, ...words.slice(at)];
      assert.equal(await kubectl(...args), expected);
      const again = await kubectl.try(["create", ...words]);
      assert.match(again.stderr, /already (exists|allocated)/);
    });
  }

  it("creates a configmap and a secret from files", async () => {
    const folder = join(cluster.dir, "files");
    await mkdir(folder);
    await writeFile(join(folder, "plain.txt"), "text\n");
    await writeFile(join(folder, "raw.bin"), Buffer.from([0xff, 0, 0xfe]));
    await writeFile(join(cluster.dir, "vars.env"), "A=1\nB=two\n");
    await kubectl("create", "configmap", "files", `--from-file=${folder}`);
    assert.deepEqual(
      await kubectl("get", "cm", "files", "-o=jsonpath={.data}{.binaryData}"),
      '{"plain.txt":"text\\n"}{"raw.bin":"/wD+"}',
    );
    await kubectl("create", "configmap", "env", "--from-env-file", join(cluster.dir, "vars.env"));
    assert.equal(await kubectl("get", "cm", "env", "-o=jsonpath={.data.B}"), "two");
    await kubectl(
      "create",
      "secret",
      "generic",
      "key",
      `--from-file=id=${join(folder, "plain.txt")}`,
      "--type=example/key",
    );
    assert.equal(await kubectl("get", "secret", "key", "-o=jsonpath={.type} {.data.id}"), "example/key dGV4dAo=");
  });

  it("creates a TLS secret", async () => {
    const [key, cert] = ["admin.key", "admin.crt"].map((name) => join(cluster.dataDir, "pki", name));
    await kubectl("create", "secret", "tls", "cert", `--cert=${cert}`, `--key=${key}`);
    assert.equal(await kubectl("get", "secret", "cert", "-o=jsonpath={.type}"), "kubernetes.io/tls");
  });

  it("creates a job from a cronjob", async () => {
    await kubectl("create", "cronjob", "source", "--image=busybox", "--schedule=@daily", "--", "true");
    await kubectl("create", "job", "by-hand", "--from=cronjob/source");
    assert.equal(await kubectl("get", "job", "by-hand", "-o=jsonpath={.metadata.ownerReferences[0].name}"), "source");
  });

  it("issues a token of a service account", async () => {
    await kubectl("create", "serviceaccount", "caller");
    assert.match(await kubectl("create", "token", "caller", "--duration=1h"), /^[\w-]+\.[\w-]+\.[\w-]+\s*$/);
  });

  it("puts a token of its service account into a Secret, which acts as that until one of the two is deleted", async () => {
    const account = "system:serviceaccount:making:keeper";
    await kubectl("create", "serviceaccount", "keeper");
    const secret = `apiVersion: v1
kind: Secret
metadata:
  name: kept
  annotations: {kubernetes.io/service-account.name: keeper}
type: kubernetes.io/service-account-token
`;
    const stored = await kubectl.try(["apply", "-f", "-"], { input: secret });
    assert.deepEqual([stored.code, stored.stderr], [0, ""]);
    const field = (path: string) => kubectl("get", "secret", "kept", `-o=jsonpath={${path}}`);
    await eventually("the Secret is filled in", async () => (await field(".data.token")) !== "");
    const text = async (key: string) => Buffer.from(await field(`.data.${key}`), "base64").toString();
    const token = await text("token");
    assert.equal(await text("namespace"), "making");
    assert.equal(
      await field(".metadata.annotations.kubernetes\\.io/service-account\\.uid"),
      await kubectl("get", "serviceaccount", "keeper", "-o=jsonpath={.metadata.uid}"),
    );

    // As it would be used elsewhere: with nothing but what is in the Secret.
    const authority = join(cluster.dir, "kept-ca.crt");
    await writeFile(authority, await text("ca\\.crt"));
    const server = await kubectl("config", "view", "--minify", "-o=jsonpath={.clusters[0].cluster.server}");
    const flags = ["--kubeconfig=/dev/null", `--server=${server}`, `--certificate-authority=${authority}`];
    const asAccount = (...args: string[]) => kubectl.try([...flags, `--token=${token}`, ...args]);
    assert.match(
      (await asAccount("get", "pods")).stderr,
      new RegExp(`\\(Forbidden\\): .*User "${account}" cannot list`),
    );
    assert.match(await field(".metadata.labels"), /"kubernetes.io\/legacy-token-last-used":"\d{4}-\d\d-\d\d"/);
    const review = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } });
    const reviewed = async (path: string) =>
      (await kubectl.try(["create", "-f", "-", `-o=jsonpath={.status.${path}}`], { input: review })).stdout;
    assert.equal(await reviewed("user.username"), account);

    await kubectl("delete", "serviceaccount", "keeper");
    assert.match((await asAccount("get", "pods")).stderr, /Unauthorized/);
    assert.match(await reviewed("error"), /serviceaccounts "keeper" not found|Token has been invalidated/);
    await eventually("the Secret is deleted", async () =>
      (await kubectl.try(["get", "secret", "kept"])).stderr.includes("NotFound"),
    );
  });

  it("says what would be, without doing it", async () => {
    for (const mode of ["client", "server"]) {
      assert.match(
        await kubectl("create", "configmap", "imagined", `--dry-run=${mode}`, "-o", "yaml"),
        /name: imagined/,
      );
      const { code } = await kubectl.try(["get", "configmap", "imagined"]);
      assert.equal(code, 1);
    }
    const made = await kubectl("create", "configmap", "imagined", "--dry-run=server");
    assert.equal(made, "configmap/imagined created (server dry run)\n");
  });

  it("refuses unknown and duplicate fields, or warns of them, as asked", async () => {
    const bad = `apiVersion: v1
kind: ConfigMap
metadata: {name: strict}
datum: {a: "1"}
data: {b: "1", b: "2"}
`;
    const strict = await kubectl.try(["create", "-f", "-", "--validate=strict"], { input: bad });
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, /strict decoding error: .*unknown field "datum"/);
    const json = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"strict"},"data":{"b":"1","b":"2"},"datum":{}}`;
    const raw = await kubectl.try(
      ["create", "--raw=/api/v1/namespaces/making/configmaps?fieldValidation=Strict", "-f", "-"],
      { input: json },
    );
    assert.match(
      raw.stderr,
      /strict decoding error: duplicate field "data.b", unknown field "datum"|strict decoding error: .*duplicate field "b"/,
    );
    const one = configMap("strict", {}).replace(/^data:/m, "datum:");
    const warned = await kubectl.try(["create", "-f", "-", "--validate=warn"], { input: one });
    assert.equal(warned.code, 0, warned.stderr);
    assert.match(warned.stderr, /^Warning: unknown field "datum"/m);
    const ignored = await kubectl.try(["create", "-f", "-", "--validate=ignore"], {
      input: one.replace("strict", "lax"),
    });
    assert.deepEqual([ignored.code, ignored.stderr], [0, ""]);
  });

  it("names all that is wrong, in upstream's words", async () => {
    const bad = `apiVersion: apps/v1
kind: Deployment
metadata: {name: Bad_Name}
spec:
  replicas: -1
  selector: {matchLabels: {app: a}}
  template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: ""}]}}
`;
    const { code, stderr } = await kubectl.try(["create", "-f", "-"], { input: bad });
    assert.equal(code, 1);
    assert.match(stderr, /^The Deployment "Bad_Name" is invalid: ?\n/);
    assert.match(stderr, /\* metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of/);
    assert.match(stderr, /\* spec.replicas: Invalid value: -1: must be greater than or equal to 0/);
    assert.match(
      stderr,
      /\* spec.template.metadata.labels: Invalid value: \{"app":"b"\}: `selector` does not match template `labels`/,
    );
    assert.match(stderr, /\* spec.template.spec.containers\[0\].image: Required value/);
  });

  it("runs one single Pod (S14)", async () => {
    assert.equal(
      await kubectl("run", "single", "--image=nginx", "--port=80", "--labels=app=single", "--env=A=1"),
      "pod/single created\n",
    );
    await kubectl("wait", "pod/single", "--for=condition=Ready", "--timeout=120s");
    const shown = await kubectl(
      "get",
      "pod",
      "single",
      "-o=jsonpath={.metadata.labels.app} {.spec.containers[0].env[0].value} {.metadata.ownerReferences}",
    );
    assert.equal(shown, "single 1 ");
    await kubectl("run", "exposed", "--image=nginx", "--port=80", "--expose");
    assert.equal(await kubectl("get", "service", "exposed", "-o=jsonpath={.spec.selector.run}"), "exposed");
    await kubectl("run", "short", "--image=busybox", "--restart=OnFailure", "--", "true");
    await kubectl("wait", "pod/short", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s");
  });
});
