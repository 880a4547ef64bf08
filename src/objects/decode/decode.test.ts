import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf } from "../schema/index.ts";
import type { ObjectSchema } from "../schema/model.ts";
import { StatusError } from "../status-error.ts";
import { applySchemaDefaults, decode, decodeValue, type Decoded, type FieldValidation } from "./index.ts";

const DEPLOYMENT = { group: "apps", version: "v1", kind: "Deployment" };
const POD = { group: "", version: "v1", kind: "Pod" };
const SCHEMAS: Readonly<Record<string, string>> = {
  Deployment: "io.k8s.api.apps.v1.Deployment",
  Pod: "io.k8s.api.core.v1.Pod",
  Secret: "io.k8s.api.core.v1.Secret",
  Service: "io.k8s.api.core.v1.Service",
  ConfigMap: "io.k8s.api.core.v1.ConfigMap",
  Lease: "io.k8s.api.coordination.v1.Lease",
  ControllerRevision: "io.k8s.api.apps.v1.ControllerRevision",
};

async function decodeText(
  text: string | Uint8Array,
  expected: { group: string; version: string; kind: string } = DEPLOYMENT,
  fieldValidation: FieldValidation = "Strict",
  mediaType: "application/json" | "application/yaml" = "application/json",
): Promise<Decoded> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const schema = schemaOf(SCHEMAS[expected.kind]!);
  return await decode({ body: { type: "encoded", bytes, mediaType }, schema, expected, fieldValidation });
}

const core = (kind: string) => ({ group: "", version: "v1", kind });

async function refusal(...args: Parameters<typeof decodeText>): Promise<string> {
  try {
    await decodeText(...args);
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    assert.equal(error.code, 400);
    assert.equal(error.reason, "BadRequest");
    return error.message;
  }
  assert.fail("was decoded");
}

const yaml = (text: string, expected = DEPLOYMENT, validation: FieldValidation = "Strict") =>
  decodeText(text, expected, validation, "application/yaml");
const yamlRefusal = (text: string, expected = DEPLOYMENT, validation: FieldValidation = "Strict") =>
  refusal(text, expected, validation, "application/yaml");

const handled = 'Deployment in version "v1" cannot be handled as a Deployment: ';

test("an object without faults comes through, with its kind filled in", async () => {
  const { value, kind, warnings } = await decodeText(
    '{"metadata":{"name":"a","creationTimestamp":null},"spec":{"replicas":3,"strategy":null}}',
  );
  assert.deepEqual(value, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: { replicas: 3 },
  });
  assert.deepEqual(kind, DEPLOYMENT);
  assert.deepEqual(warnings, []);
});

test("unknown and duplicate fields are reported together in the order found", async () => {
  const body =
    '{"foo":1,"spec":{"replicas":1,"foo":2,"replicas":2,"template":{"spec":{"containers":[{"name":"a"},{"nam":"b","name":"c"}]}}},' +
    '"metadata":{"labels":{"a":"1","a":"2"},"Name":"x"}}';
  assert.equal(
    await refusal(body),
    `${handled}strict decoding error: unknown field "foo", unknown field "spec.foo", duplicate field "spec.replicas", ` +
      'unknown field "spec.template.spec.containers[1].nam", duplicate field "metadata.labels.a", unknown field "metadata.Name"',
  );
  const warned = await decodeText(body, DEPLOYMENT, "Warn");
  assert.deepEqual(warned.warnings, [
    'unknown field "foo"',
    'unknown field "spec.foo"',
    'duplicate field "spec.replicas"',
    'unknown field "spec.template.spec.containers[1].nam"',
    'duplicate field "metadata.labels.a"',
    'unknown field "metadata.Name"',
  ]);
  const ignored = await decodeText(body, DEPLOYMENT, "Ignore");
  assert.deepEqual(ignored.warnings, []);
  assert.deepEqual(ignored.value, warned.value);
  assert.deepEqual(warned.value, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { replicas: 2, template: { spec: { containers: [{ name: "a" }, { name: "c" }] } } },
    metadata: { labels: { a: "2" } },
  });
});

test("each fault is reported once, and at most a hundred", async () => {
  const items = '{"x":1,"x":1},'.repeat(2) + '{"x":1}';
  assert.equal(
    await refusal(`{"spec":{"template":{"spec":{"containers":[${items}]}}}}`),
    `${handled}strict decoding error: ${[0, 1, 2].map((at) => `unknown field "spec.template.spec.containers[${at}].x"`).join(", ")}`,
  );
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`f${at}`, at]));
  assert.equal((await decodeText(JSON.stringify(many), DEPLOYMENT, "Warn")).warnings.length, 100);
});

test("wrong types are worded as Go's decoder does", async () => {
  const message = async (body: string, expected = DEPLOYMENT) => (await refusal(body, expected)).split(": json: ")[1];
  assert.equal(
    await refusal('{"spec":{"replicas":"3"}}'),
    `${handled}json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`,
  );
  assert.equal(
    await message('{"spec":{"replicas":3.0}}'),
    "cannot unmarshal number 3.0 into Go struct field DeploymentSpec.spec.replicas of type int32",
  );
  assert.equal(
    await message('{"spec":{"replicas":2147483648}}'),
    "cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
  );
  assert.equal(
    await message('{"metadata":{"generation":9223372036854775808}}'),
    "cannot unmarshal number 9223372036854775808 into Go struct field ObjectMeta.metadata.generation of type int64",
  );
  assert.equal(
    await message('{"metadata":{"labels":{"a":1}}}'),
    "cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
  );
  assert.equal(
    await message('{"spec":[]}'),
    "cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec",
  );
  assert.equal(
    await message('{"spec":{"template":{"spec":{"containers":{}}}}}'),
    "cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
  );
  assert.equal(
    await message('{"spec":{"template":{"spec":{"containers":[{"image":true}]}}}}'),
    "cannot unmarshal bool into Go struct field Container.spec.template.spec.containers.image of type string",
  );
  assert.equal(
    await message('{"metadata":{"creationTimestamp":5}}'),
    "cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
  );
  assert.equal(
    await message('{"spec":{"ports":[{"targetPort":1.5}]}}', core("Service")),
    "cannot unmarshal number 1.5 into Go struct field ServicePort.spec.ports.targetPort of type int32",
  );
});

test("a fatal fault is reported rather than an earlier mismatch, and the first of several mismatches", async () => {
  assert.match(
    await refusal('{"spec":{"replicas":"x","minReadySeconds":"y"},"foo":1}'),
    /string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
  );
  assert.match(
    await refusal('{"spec":{"replicas":"x"},"metadata":{"creationTimestamp":"today"}}'),
    /parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"$/,
  );
});

test("quantities become canonical strings, and wrong ones are refused", async () => {
  const limits = (json: string) => `{"spec":{"containers":[{"name":"a","resources":{"limits":${json}}}]}}`;
  const { value } = await decodeText(limits('{"cpu":0.5,"memory":"1024Mi","a":2,"b":null,"c":" 1k"}'), POD);
  const pod = value as unknown as { spec: { containers: { resources: { limits: unknown } }[] } };
  assert.deepEqual(pod.spec.containers[0]!.resources.limits, { cpu: "500m", memory: "1Gi", a: "2", b: "0", c: "1k" });
  assert.match(
    await refusal(limits('{"cpu":"1x"}'), POD),
    /: quantities must match the regular expression '\^\(\[\+-\]\?\[0-9\.\]\+\)\(\[eEinumkKMGTP\]\*\[-\+\]\?\[0-9\]\*\)\$'$/,
  );
});

test("times come to UTC; impossible ones are refused in Go's words", async () => {
  const meta = (text: string) => `{"metadata":{"creationTimestamp":${JSON.stringify(text)}}}`;
  const { value } = await decodeText(meta("2024-02-29T01:30:00.75+02:00"));
  assert.equal((value.metadata as { creationTimestamp?: string }).creationTimestamp, "2024-02-28T23:30:00Z");
  const because = async (text: string) => (await refusal(meta(text))).slice(handled.length);
  assert.equal(
    await because("2024-01-01 00:00:00Z"),
    'parsing time "2024-01-01 00:00:00Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 00:00:00Z" as "T"',
  );
  assert.equal(await because("2024-13-01T00:00:00Z"), 'parsing time "2024-13-01T00:00:00Z": month out of range');
  assert.equal(await because("2023-02-29T00:00:00Z"), 'parsing time "2023-02-29T00:00:00Z": day out of range');
  assert.equal(
    await because("2024-01-01T00:00:00"),
    'parsing time "2024-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
  );
  const lease = { group: "coordination.k8s.io", version: "v1", kind: "Lease" };
  const renewed = await decodeText('{"spec":{"renewTime":"2024-01-01T00:00:00.123456Z"}}', lease);
  assert.deepEqual((renewed.value as unknown as { spec: unknown }).spec, { renewTime: "2024-01-01T00:00:00.123456Z" });
  assert.match(
    await refusal('{"spec":{"renewTime":"2024-01-01T00:00:00Z"}}', lease),
    /as "2006-01-02T15:04:05\.000000Z07:00": cannot parse "Z" as "\.000000"$/,
  );
});

test("base64 is checked", async () => {
  const data = (text: string) => JSON.stringify({ data: { a: text } });
  const { value } = await decodeText(data("YW\nJj"), core("Secret"));
  assert.deepEqual((value as unknown as { data: unknown }).data, { a: "YWJj" });
  const offset = async (text: string) =>
    /illegal base64 data at input byte (\d+)$/.exec(await refusal(data(text), core("Secret")))?.[1];
  assert.equal(await offset("not base64!"), "3");
  assert.equal(await offset("YWJ"), "0");
  assert.equal(await offset("YWJjYQ="), "7");
  assert.equal(await offset("Y=="), "1");
});

test("null is absent in an object, and the zero value in lists and maps", async () => {
  const { value } = await decodeText('{"metadata":{"finalizers":[null,"a"],"labels":{"a":null}},"spec":null}', POD);
  assert.deepEqual(value, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { finalizers: ["", "a"], labels: { a: "" } },
  });
});

test("what may be anything is kept as it is", async () => {
  const revision = { group: "apps", version: "v1", kind: "ControllerRevision" };
  const data = '{"x":[1,null,{"y":1.5,"z":1e2}],"__proto__":{"polluted":true}}';
  const { value } = await decodeText(`{"data":${data},"revision":1}`, revision);
  assert.equal(JSON.stringify((value as unknown as { data: unknown }).data), JSON.stringify(JSON.parse(data)));
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("a key named __proto__ is a key", async () => {
  const { value } = await decodeText('{"data":{"__proto__":"a","b":"\\ud83d"}}', core("ConfigMap"));
  assert.equal(JSON.stringify((value as unknown as { data: unknown }).data), '{"__proto__":"a","b":"\ufffd"}');
  assert.equal(
    await refusal('{"__proto__":{"x":1}}').then((text) => text.slice(handled.length)),
    'strict decoding error: unknown field "__proto__"',
  );
});

test("malformed JSON is reported in Go's words", async () => {
  const because = async (text: string | Uint8Array) => {
    const message = await refusal(text);
    const match =
      /^the object provided is unrecognized \(must be of type Deployment\): couldn't get version\/kind; json parse error: (.*) \((.*)\)$/s.exec(
        message,
      );
    assert.ok(match, message);
    return [match[1], match[2]];
  };
  assert.deepEqual(await because(""), ["unexpected end of JSON input", "<empty>"]);
  assert.deepEqual(await because("{"), ["unexpected end of JSON input", "{"]);
  assert.deepEqual(await because("kind: x"), [
    "invalid character 'k' looking for beginning of value",
    "6b696e643a2078",
  ]);
  assert.deepEqual((await because('{"a":1,}'))[0], "invalid character '}' looking for beginning of object key string");
  assert.deepEqual((await because('{"a" 1}'))[0], "invalid character '1' after object key");
  assert.deepEqual((await because('{"a":1 "b"}'))[0], "invalid character '\"' after object key:value pair");
  assert.deepEqual((await because("[1 2]"))[0], "invalid character '2' after array element");
  assert.deepEqual((await because("{} {}"))[0], "invalid character '{' after top-level value");
  assert.deepEqual((await because('{"a":tru}'))[0], "invalid character '}' in literal true (expecting 'e')");
  assert.deepEqual((await because('{"a":"\\x"}'))[0], "invalid character 'x' in string escape code");
  assert.deepEqual((await because('{"a":"\n"}'))[0], "invalid character '\\n' in string literal");
  assert.deepEqual((await because('{"a":01}'))[0], "invalid character '1' after object key:value pair");
  assert.deepEqual((await because('{"a":1.}'))[0], "invalid character '}' after decimal point in numeric literal");
  assert.deepEqual((await because('{"a":-}'))[0], "invalid character '}' in numeric literal");
  assert.deepEqual((await because("\ufeff{}"))[0], "invalid character 'ï' looking for beginning of value");
  assert.deepEqual(
    (await because('{"apiVersion":1}'))[0],
    "json: cannot unmarshal number into Go struct field .apiVersion of type string",
  );
  assert.match((await because("[]"))[0]!, /^json: cannot unmarshal array into Go value of type struct \{ APIVersion/);
  assert.deepEqual((await because("[".repeat(100_000)))[0], "invalid character '[' exceeded max depth");
});

test("an apiVersion that cannot be read is refused; another kind is returned to the caller", async () => {
  assert.equal(
    await refusal('{"apiVersion":"a/b/c","kind":"Deployment"}'),
    'the object provided is unrecognized (must be of type Deployment): unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c","kind":" ...)',
  );
  const { kind, value } = await decodeText('{"apiVersion":"v1","kind":"Pod"}');
  assert.deepEqual(kind, POD);
  assert.equal(value.apiVersion, "v1");
});

test("a value is decoded as bytes are, and not changed", async () => {
  const value = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", creationTimestamp: null, uid: undefined },
    spec: { containers: [{ name: "c", resources: { limits: { cpu: 1 } } }] },
  };
  const before = structuredClone(value);
  const decoded = await decode({
    body: { type: "value", value },
    schema: schemaOf(SCHEMAS["Pod"]!),
    expected: POD,
    fieldValidation: "Strict",
  });
  assert.deepEqual(value, before);
  assert.deepEqual(decoded.value, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a" },
    spec: { containers: [{ name: "c", resources: { limits: { cpu: "1" } } }] },
  });
  assert.deepEqual(decodeValue({ spec: { foo: 1 } }, schemaOf(SCHEMAS["Pod"]!), "Strict"), {
    value: { spec: {} },
    strictErrors: ['unknown field "spec.foo"'],
  });
});

test("YAML 1.1 means what it means upstream", async () => {
  const { value } = await yaml(
    `
apiVersion: v1
kind: ConfigMap
immutable: yes
data:
  a: "yes"
  b: 'on'
  c: |
    x
    y
  1: "2"
  true: z
`,
    core("ConfigMap"),
  );
  assert.deepEqual(value, {
    apiVersion: "v1",
    kind: "ConfigMap",
    immutable: true,
    data: { a: "yes", b: "on", c: "x\ny\n", "1": "2", true: "z" },
  });
  const mode = await yaml("spec:\n  replicas: 1_0\n  progressDeadlineSeconds: 010\n  minReadySeconds: 3.0\n");
  assert.deepEqual((mode.value as unknown as { spec: unknown }).spec, {
    replicas: 10,
    progressDeadlineSeconds: 8,
    minReadySeconds: 3,
  });
  assert.match(
    await yamlRefusal("data:\n  a: on\n", core("ConfigMap")),
    /cannot unmarshal bool into Go struct field ConfigMap\.data of type string$/,
  );
  assert.match(
    await yamlRefusal("metadata:\n  creationTimestamp: 2024-01-01\n"),
    /parsing time "2024-01-01" as .*: cannot parse "" as "T"$/,
  );
});

test("anchors, merge keys and flow collections work; of several documents the first counts", async () => {
  const { value } = await yaml(
    "x: &x {a: '1', b: '2'}\nmetadata:\n  labels:\n    <<: *x\n    c: '3'\n  annotations: *x\n---\n# nothing\n",
    DEPLOYMENT,
    "Ignore",
  );
  assert.deepEqual(value.metadata, { labels: { a: "1", b: "2", c: "3" }, annotations: { a: "1", b: "2" } });
  const first = await yaml("# of two\n---\nmetadata: {name: a}\n---\n{ is not looked at", DEPLOYMENT, "Strict");
  assert.deepEqual(first.value.metadata, { name: "a" });
});

test("YAML that is JSON reads the same, and may be as large as JSON", async () => {
  const config = (data: object) =>
    JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data });
  const small = { a: "1", __proto__: "2", "b c": 'é"\n' };
  assert.deepEqual(
    (await yaml(config(small), core("ConfigMap"))).value,
    (await decodeText(config(small), core("ConfigMap"))).value,
  );
  const large = { a: "x".repeat(2 << 20) };
  const { value } = await yaml(config(large), core("ConfigMap"));
  assert.deepEqual((value as unknown as { data: object }).data, large);
  assert.match(
    await yamlRefusal('{"metadata":{"name":"a"},"data":{"a":"1","a":"2"}}', core("ConfigMap")),
    /line 1: key "a" already set in map/,
  );
});

test("YAML's duplicates are reported with their lines, beside unknown fields", async () => {
  const text = "metadata:\n  name: a\n  name: b\nspec:\n  foo: 1\n  replicas: 1\nspec:\n  replicas: 2\n";
  assert.equal(
    await yamlRefusal(text),
    `${handled}strict decoding error: yaml: unmarshal errors:\n  line 3: key "name" already set in map\n  line 8: key "spec" already set in map`,
  );
  const { warnings, value } = await yaml(text, DEPLOYMENT, "Warn");
  assert.deepEqual(warnings, ['line 3: key "name" already set in map', 'line 8: key "spec" already set in map']);
  assert.deepEqual((value as unknown as { spec: unknown }).spec, { replicas: 2 });
});

test("malformed YAML is reported in go-yaml's words", async () => {
  const because = async (text: string) => {
    const message = await yamlRefusal(text);
    const match = /^the object provided is unrecognized \(must be of type Deployment\): (.*) \([^()]*\)$/s.exec(
      message,
    );
    assert.ok(match, message);
    return match[1];
  };
  assert.equal(await because("a: b: c"), "yaml: mapping values are not allowed in this context");
  assert.equal(await because("a:\n\t- b"), "yaml: line 2: found character that cannot start any token");
  assert.equal(await because("a: *x"), "yaml: unknown anchor 'x' referenced");
  assert.equal(await because("a: &x\n  b: *x"), "yaml: anchor 'x' value contains itself");
  assert.equal(await because("a: .nan"), "json: unsupported value: NaN");
  assert.equal(await because("a: \u0007"), "yaml: control characters are not allowed");
  assert.equal(await because("[".repeat(50_000)), "yaml: exceeded max depth of 1000");
  assert.equal(await because("!!int x"), "yaml: cannot decode !!str `x` as a !!int");
});

test("alias bombs are stopped", async () => {
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
  for (let at = 1; at < 12; at++) lines.push(`a${at}: &a${at} [${`*a${at - 1},`.repeat(10)}]`);
  assert.match(await yamlRefusal(lines.join("\n")), /: yaml: document contains excessive aliasing \(/);
});

test("named types and embedded structs are called what Go calls them", async () => {
  const inContainer = (json: string) => `{"spec":{"template":{"spec":{"containers":[${json}]}}}}`;
  assert.equal(
    await refusal('{"spec":{"template":{"spec":{"restartPolicy":5}}}}'),
    `${handled}json: cannot unmarshal number into Go struct field PodSpec.spec.template.spec.restartPolicy of type v1.RestartPolicy`,
  );
  assert.equal(
    await refusal(inContainer('{"livenessProbe":{"httpGet":{"port":{}}}}')),
    `${handled}json: cannot unmarshal object into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32`,
  );
  assert.equal(
    await refusal(inContainer('{"resources":{"limits":[]}}')),
    `${handled}json: cannot unmarshal array into Go struct field ResourceRequirements.spec.template.spec.containers.resources.limits of type v1.ResourceList`,
  );
});

test("fields without a schema are kept, and their duplicates reported", async () => {
  const schema: ObjectSchema = { type: "object", fields: new Map(), required: [], preserveUnknown: true };
  const bytes = new TextEncoder().encode('{"a":{"b":null,"c":[{"d":1.5,"d":2}]},"a.b":{"b":1,"b":2}}');
  const body = { type: "encoded", bytes, mediaType: "application/json" } as const;
  const { value, warnings } = await decode({ body, schema, expected: POD, fieldValidation: "Warn" });
  assert.deepEqual(value, { ...value, a: { b: null, c: [{ d: 2 }] }, "a.b": { b: 2 } });
  assert.deepEqual(warnings, ['duplicate field "a.c[0].d"', 'duplicate field "a.b.b"']);
});

test("schema defaults are filled in at every depth, and nothing else", () => {
  const draft = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "a" },
    spec: { ports: [{ port: 80 }, { port: 81, protocol: "UDP" }] },
  };
  applySchemaDefaults(draft, schemaOf(SCHEMAS["Service"]!));
  assert.deepEqual(draft, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "a" },
    spec: {
      ports: [
        { port: 80, protocol: "TCP" },
        { port: 81, protocol: "UDP" },
      ],
    },
    status: { loadBalancer: {} },
  });
  const other = { apiVersion: "v1", kind: "Service", metadata: {} };
  applySchemaDefaults(other, schemaOf(SCHEMAS["Service"]!));
  assert.deepEqual(other, { ...other, spec: {}, status: { loadBalancer: {} } });
});
