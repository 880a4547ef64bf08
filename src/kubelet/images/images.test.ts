import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Pod, Secret } from "#objects";
import { dockerConfigOf, type DockerConfig, type RegistryCredentials } from "./docker-config.ts";
import { credentialsFor } from "./keyring.ts";
import { createPullQueue } from "./pull-queue.ts";
import { pullSecretsOf } from "./pull-secrets.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const json = (auths: object) => secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", { auths });
const secret = (type: string, key: string, value: object): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {},
  type,
  data: { [key]: base64(JSON.stringify(value)) },
});
const user = (username: string): RegistryCredentials => ({ username, password: `${username}'s` });

test("both types of Secret are read, with user and password apart or joined", () => {
  assert.deepEqual(
    [...dockerConfigOf(json({ "a.io": user("ann"), "b.io": { auth: base64("bob:x:y") } }))!],
    [
      ["a.io", user("ann")],
      ["b.io", { username: "bob", password: "x:y" }],
    ],
  );
  const old = secret("kubernetes.io/dockercfg", ".dockercfg", { "a.io": { ...user("ann"), auth: base64("zoë:ü") } });
  assert.deepEqual([...dockerConfigOf(old)!], [["a.io", { username: "zoë", password: "ü" }]]);
  const unpadded = base64("bob:xy").replaceAll("=", "");
  assert.deepEqual(
    [...dockerConfigOf(json({ "a.io": { auth: unpadded } }))!],
    [["a.io", { username: "bob", password: "xy" }]],
  );
  assert.equal(dockerConfigOf(secret("Opaque", ".dockercfg", {})), undefined);
  assert.equal(dockerConfigOf({ ...old, data: {} }), undefined);
});

test("credentials that cannot be read are reported", () => {
  const bad = /unable to parse auth field, must be formatted as base64\(username:password\)/;
  assert.throws(() => dockerConfigOf(json({ "a.io": { auth: base64("no colon") } })), bad);
  assert.throws(() => dockerConfigOf(json({ "a.io": { auth: "%%" } })), bad);
  assert.throws(() => dockerConfigOf(json([])), /by registry/);
  assert.throws(() => dockerConfigOf(json({ "a.io": { username: 1 } })), /username of a docker config is a string/);
});

// Each line: an image, the places there are credentials for, and those that are tried, in order.
const FITTING: readonly (readonly [image: string, places: readonly string[], tried: readonly string[]])[] = [
  ["quay.io/coreos/etcd:v3", ["quay.io", "quay.io/coreos", "quay.io/other"], ["quay.io/coreos", "quay.io"]],
  [
    `quay.io/coreos/etcd@sha256:${"ab".repeat(32)}`,
    ["https://quay.io/v2/", "http://quay.io/v1/coreos"],
    ["http://quay.io/v1/coreos", "https://quay.io/v2/"],
  ],
  ["registry.test:5000/app:1", ["registry.test", "registry.test:5000", "registry.test:5001"], ["registry.test:5000"]],
  [
    "a.b.example.com/x",
    ["*.example.com", "*.*.example.com", "a.*.example.com"],
    ["a.*.example.com", "*.*.example.com"],
  ],
  [
    "app12.k8s.io/x",
    ["app*.k8s.io", "app??.k8s.io", "app[0-9]2.k8s.io", "app?.k8s.io"],
    ["app[0-9]2.k8s.io", "app??.k8s.io", "app*.k8s.io"],
  ],
  ["docker.io/library/nginx:1", ["https://index.docker.io/v1/"], ["https://index.docker.io/v1/"]],
  ["docker.io/library/nginx:1", ["https://index.docker.io/v1/", "docker.io"], ["docker.io"]],
  ["docker.io/team/app", ["docker.io/team", "docker.io/te", "docker.io/x"], ["docker.io/team", "docker.io/te"]],
  ["nginx", ["index.docker.io"], ["index.docker.io"]],
  ["localhost:5000/x", ["index.docker.io", "localhost"], []],
  ["quay.io/x", ["", "[", "quay.[", "QUAY.io"], []],
];

for (const [image, places, tried] of FITTING) {
  test(`${image} is pulled with the credentials that match it among ${places.join(", ")}`, () => {
    const config: DockerConfig = new Map(places.map((place) => [place, user(place)]));
    assert.deepEqual(credentialsFor(image, [config]), tried.map(user));
  });
}

test("several Secrets for one place are all tried, equal ones once", () => {
  const configs = [user("ann"), user("bob"), user("ann")].map((one) => new Map([["a.io", one]]));
  assert.deepEqual(credentialsFor("a.io/x:1", configs), [user("ann"), user("bob")]);
});

test("whatever the image and the registries in a Secret are called, only their credentials are tried, each once", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (image, places) => {
      const tried = credentialsFor(image, [new Map(places.map((place) => [place, user(place)]))]);
      const names = tried.map(({ username }) => username);
      assert.equal(new Set(names).size, names.length);
      assert.ok(names.every((name) => places.includes(name)));
    }),
  );
});

test("a Secret that is not there is named, and the others are used", async () => {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {},
    spec: { containers: [], imagePullSecrets: [{ name: "gone" }, {}, { name: "here" }, { name: "broken" }] },
  };
  const secrets = {
    secret(name: string) {
      if (name === "broken") return Promise.reject(new Error("timed out"));
      return Promise.resolve(name === "here" ? json({ "a.io": user("ann") }) : undefined);
    },
  };
  const { configs, missing } = await pullSecretsOf(pod, () => secrets);
  assert.deepEqual(missing, ["gone", "broken"]);
  assert.deepEqual(credentialsFor("a.io/x", configs), [user("ann")]);
  assert.deepEqual(await pullSecretsOf(pod, () => undefined), { configs: [], missing: [] });
});

test("a bounded number of pulls run at a time, in order, and equal ones run once", async () => {
  const queue = createPullQueue<string>(2);
  const began: string[] = [];
  const finish = new Map<string, () => void>();
  const pull = (key: string) =>
    queue.run(key, () => {
      began.push(key);
      return new Promise((resolve) => finish.set(key, () => resolve(`${key} is here`)));
    });
  const [a, again, b, c] = [pull("a"), pull("a"), pull("b"), pull("c")];
  await Promise.resolve();
  assert.deepEqual(began, ["a", "b"]);
  finish.get("a")!();
  assert.deepEqual([await a, await again], ["a is here", "a is here"]);
  await Promise.resolve();
  assert.deepEqual(began, ["a", "b", "c"]);
  // Once it is over, the next is another pull.
  const anew = pull("a");
  finish.get("b")!();
  finish.get("c")!();
  await Promise.all([b, c]);
  finish.get("a")!();
  await anew;
  assert.deepEqual(began, ["a", "b", "c", "a"]);
});

test("a pull that fails makes room, and fails for all callers that waited for it", async () => {
  const queue = createPullQueue<string>(1);
  const fail = () => Promise.reject(new Error("no"));
  const both = await Promise.allSettled([queue.run("a", fail), queue.run("a", fail)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.equal(await queue.run("b", () => Promise.resolve("fine")), "fine");
});
