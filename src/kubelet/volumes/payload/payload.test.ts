import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConfigMap, Pod, ProjectedVolumeSource, Secret } from "#objects";
import { downwardPayload } from "./downward.ts";
import { configMapPayload, secretPayload, type KeySelection } from "./keys.ts";
import type { Payload } from "./payload.ts";
import { projectedPayload, type LookedUp } from "./projected.ts";
import { refreshAt } from "./tokens.ts";

const configMap: ConfigMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "cm", namespace: "default" },
  data: { a: "1", b: "ü" },
  binaryData: { bin: "AAH/" },
};
const secret: Secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "default" },
  data: { user: "YWRtaW4=" },
};
const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default", uid: "u1", labels: { app: "web" }, annotations: { note: "x" } },
  spec: { containers: [{ name: "main", resources: { requests: { cpu: "250m" } } }] },
};

/** `a 644 1` */
const lines = (payload: Payload) =>
  [...payload].map(([path, { data, mode, owner }]) =>
    [
      path,
      mode.toString(8),
      ...(owner === undefined ? [] : [`of ${owner}`]),
      Buffer.from(data).toString("latin1"),
    ].join(" "),
  );

describe("the files of a ConfigMap or a Secret", () => {
  const cases: readonly (readonly [what: string, selection: Partial<KeySelection>, lines: readonly string[]])[] = [
    ["all keys", {}, ["a 644 1", "b 644 Ã¼", "bin 644 \0\x01ÿ"]],
    ["another mode", { defaultMode: 0o400 }, ["a 400 1", "b 400 Ã¼", "bin 400 \0\x01ÿ"]],
    [
      "chosen keys at chosen places",
      {
        items: [
          { key: "bin", path: "dir/x" },
          { key: "a", path: "a", mode: 0o600 },
          { key: "a", path: "again" },
        ],
      },
      ["dir/x 644 \0\x01ÿ", "a 600 1", "again 644 1"],
    ],
    [
      "what may be missing",
      {
        optional: true,
        items: [
          { key: "no", path: "no" },
          { key: "a", path: "a" },
        ],
      },
      ["a 644 1"],
    ],
  ];
  for (const [what, selection, expected] of cases) {
    test(`are those that are selected: ${what}`, () =>
      assert.deepEqual(lines(configMapPayload(configMap, { defaultMode: 0o644, ...selection })), expected));
  }

  test("of a Secret are decoded, and none when it is optional and absent", () => {
    assert.deepEqual(lines(secretPayload(secret, { defaultMode: 0o400 })), ["user 400 admin"]);
    assert.deepEqual(lines(secretPayload(undefined, { defaultMode: 0o400, optional: true })), []);
  });

  test("are an error when a selected key is absent", () => {
    const items = [{ key: "toString", path: "x" }];
    assert.throws(() => configMapPayload(configMap, { items, defaultMode: 0o644 }), {
      message: "configmap references non-existent config key: toString",
    });
    assert.throws(() => secretPayload(secret, { items, defaultMode: 0o644 }), {
      message: "references non-existent secret key: toString",
    });
  });
});

describe("the files of the downward API", () => {
  const field = (fieldPath: string) => ({ path: fieldPath, fieldRef: { fieldPath } });
  test("hold fields and resources", () => {
    const resource = (name: string, divisor: string) => ({
      path: name,
      mode: 0o600,
      resourceFieldRef: { containerName: "main", resource: name, divisor },
    });
    const items = [
      field("metadata.name"),
      field("metadata.labels"),
      field("metadata.annotations['note']"),
      resource("requests.cpu", "1m"),
      resource("limits.memory", "1Mi"),
    ];
    assert.deepEqual(lines(downwardPayload(items, pod, { memory: "1Gi" }, 0o644)), [
      "metadata.name 644 web",
      'metadata.labels 644 app="web"',
      "metadata.annotations['note'] 644 x",
      "requests.cpu 600 250",
      "limits.memory 600 1024",
    ]);
  });

  test("are an error that names all that is wrong", () => {
    const items = [
      field("spec.nodeName"),
      { path: "x", resourceFieldRef: { containerName: "no", resource: "limits.cpu" } },
    ];
    assert.throws(() => downwardPayload(items, pod, {}, 0o644), {
      message: "[unsupported fieldPath: spec.nodeName, container no not found]",
    });
  });
});

describe("a projected volume", () => {
  const source: ProjectedVolumeSource = {
    defaultMode: 0o640,
    sources: [
      { serviceAccountToken: { path: "token" } },
      { configMap: { name: "cm", items: [{ key: "a", path: "ca.crt" }] } },
      { secret: { name: "s" } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
    ],
  };
  const lookedUp: readonly LookedUp[] = [{ token: "t" }, { configMap }, { secret }, {}];
  const project = (more: object = {}, from = source) =>
    projectedPayload(from, { pod, allocatable: {}, lookedUp, fsUser: undefined, fsGroup: undefined, ...more });

  test("holds the files of all its sources", () => {
    assert.deepEqual(lines(project()), ["token 640 t", "ca.crt 640 1", "user 640 admin", "namespace 640 default"]);
  });

  test("has a token that is readable by its user or its group alone", () => {
    assert.equal(lines(project({ fsUser: 1000 }))[0], "token 600 of 1000 t");
    assert.equal(lines(project({ fsGroup: 2000 }))[0], "token 600 t");
  });

  test("has the later of two files at one path", () => {
    const twice = { sources: [{ secret: { name: "s" } }, { configMap: { items: [{ key: "a", path: "user" }] } }] };
    assert.deepEqual(lines(project({ lookedUp: [{ secret }, { configMap }] }, twice)), ["user 644 1"]);
  });

  test("is an error that names all missing sources, unless they are optional", () => {
    const none: readonly LookedUp[] = [{ token: new Error("failed to fetch token: no") }, {}, {}];
    assert.throws(() => project({ lookedUp: none }), {
      message: '[failed to fetch token: no, configmap "cm" not found, secret "s" not found]',
    });
    const optional = {
      sources: [{ configMap: { name: "cm", optional: true } }, { secret: { name: "s", optional: true } }],
    };
    assert.deepEqual(lines(project({ lookedUp: [] }, optional)), []);
  });

  test("is an error when it asks for a Pod certificate", () => {
    const certificate = { sources: [{ podCertificate: { signerName: "x", keyType: "RSA3072" } }] };
    assert.throws(() => project({}, certificate), /^Error: PodCertificate projection is not supported/);
  });
});

test("a token is replaced after four fifths of its life, after a day at the latest", () => {
  const hour = 3_600_000;
  assert.equal(refreshAt({ token: "", issuedAt: 0, expiresAt: hour }, 0), 0.8 * hour);
  assert.equal(refreshAt({ token: "", issuedAt: 0, expiresAt: hour }, 5000), 0.8 * hour - 5000);
  assert.equal(refreshAt({ token: "", issuedAt: 0, expiresAt: 100 * hour }, 0), 24 * hour);
});
