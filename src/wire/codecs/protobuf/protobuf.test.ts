import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { loadProtobuf, ProtobufError, type ProtobufCodec } from "./index.ts";
import { durationText } from "./special.ts";

const POD = "io.k8s.api.core.v1.Pod";

/** A field of bytes, text or an inner message. */
const field = (number: number, content: string | readonly number[]): number[] => {
  const bytes = typeof content === "string" ? [...new TextEncoder().encode(content)] : content;
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
};
const numeric = (number: number, value: number): number[] => [...varint(number << 3), ...varint(value)];
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

const object = (apiVersion: string, kind: string, raw: readonly number[]) =>
  Uint8Array.from([0x6b, 0x38, 0x73, 0, ...field(1, [...field(1, apiVersion), ...field(2, kind)]), ...field(2, raw)]);

let codec: ProtobufCodec;
before(async () => {
  codec = await loadProtobuf();
});

const podOf = (raw: readonly number[]) => {
  const { metadata, spec } = codec.decode(object("v1", "Pod", raw), POD) as { metadata?: unknown; spec?: unknown };
  return { metadata, spec };
};

describe("protobuf", () => {
  it("reads what kubectl sends", () => {
    // kubectl create configmap a --from-literal=x=y
    const sent =
      "6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a01611200" +
      "1a0022002a0032003800420012060a017812017" +
      "91a002200";
    const bytes = Uint8Array.from(sent.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    assert.deepEqual(codec.kindOf(bytes), { apiVersion: "v1", kind: "ConfigMap" });
    assert.deepEqual(codec.decode(bytes, "io.k8s.api.core.v1.ConfigMap"), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a" },
      data: { x: "y" },
    });
  });

  it("gives times, quantities, numbers or texts, raw bytes and embedded structs their form in JSON", () => {
    const time = field(8, numeric(1, 1_767_225_600));
    assert.deepEqual(podOf(field(1, [...field(1, "p"), ...time])).metadata, {
      name: "p",
      creationTimestamp: "2026-01-01T00:00:00Z",
    });
    const quantity = field(1, [...field(1, "cpu"), ...field(2, field(1, "100m"))]);
    const port = [...numeric(1, 0), ...numeric(2, 80)];
    const named = [...numeric(1, 1), ...field(3, "http")];
    const probe = (target: readonly number[]) => field(1, field(2, field(2, target)));
    const container = [...field(1, "c"), ...field(8, quantity), ...field(10, probe(port)), ...field(11, probe(named))];
    const volume = [...field(1, "v"), ...field(2, field(2, field(1, "memory")))];
    assert.deepEqual(podOf(field(2, [...field(2, container), ...field(1, volume)])).spec, {
      containers: [
        {
          name: "c",
          resources: { limits: { cpu: "100m" } },
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { httpGet: { port: "http" } },
        },
      ],
      volumes: [{ name: "v", emptyDir: { medium: "memory" } }],
    });
    const secret = object("v1", "Secret", field(2, [...field(1, "k"), ...field(2, [0, 255])]));
    assert.deepEqual((codec.decode(secret, "io.k8s.api.core.v1.Secret") as { data: unknown }).data, { k: "AP8=" });
  });

  it("keeps a zero only where it is meant", () => {
    const spec = (raw: readonly number[]) =>
      (
        codec.decode(object("apps/v1", "Deployment", field(2, raw)), "io.k8s.api.apps.v1.Deployment") as {
          spec: object;
        }
      ).spec;
    assert.deepEqual(spec(numeric(1, 0)), { replicas: 0 }, "a pointer");
    assert.deepEqual(spec(numeric(5, 0)), {}, "no pointer, omitted when empty");
    assert.deepEqual(spec([...numeric(5, 3), ...numeric(5, 0)]), {}, "the last of several counts");
    assert.deepEqual(
      spec([...field(3, []), ...field(4, [])]),
      { template: {}, strategy: {} },
      "structs are never empty",
    );
    const { metadata, spec: pod } = podOf([...field(1, field(8, [])), ...field(2, numeric(11, 0))]);
    assert.deepEqual({ metadata, pod }, { metadata: {}, pod: {} }, "the zero time, hostNetwork: false");
    const container = [...field(1, "c"), ...field(6, numeric(3, 0))];
    assert.deepEqual(
      podOf(field(2, field(2, container))).spec,
      { containers: [{ name: "c", ports: [{ containerPort: 0 }] }] },
      "no pointer, never omitted",
    );
  });

  it("refuses what is no message", () => {
    assert.throws(() => codec.kindOf(new TextEncoder().encode("{}")), {
      name: "ProtobufError",
      message: "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    });
    assert.throws(() => codec.decode(object("v1", "Pod", [0x0a, 0x7f]), POD), ProtobufError);
    assert.throws(() => codec.decode(object("v1", "Pod", numeric(1, 5)), POD), ProtobufError);
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(POD, "io.k8s.api.apps.v1.Deployment"),
        (raw, schema) => {
          try {
            codec.decode(object("v1", "Pod", [...raw]), schema);
          } catch (error) {
            assert.ok(error instanceof ProtobufError, String(error));
          }
        },
      ),
    );
  });

  it("writes durations as Go does", () => {
    const second = 1_000_000_000n;
    const cases: readonly (readonly [bigint, string])[] = [
      [0n, "0s"],
      [1n, "1ns"],
      [1_500n, "1.5µs"],
      [300_000_000n, "300ms"],
      [second + second / 2n, "1.5s"],
      [60n * second, "1m0s"],
      [3600n * second + 5n * second, "1h0m5s"],
      [-90n * second, "-1m30s"],
    ];
    for (const [nanos, text] of cases) assert.equal(durationText(nanos), text);
  });
});
