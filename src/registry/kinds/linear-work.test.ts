/** What a body costs grows with its size and not with the square of it: reads of the body are counted, not time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { draftOf, type AnyDraft, type Draft, type KubeObject } from "#objects";
import { dedupeOwners } from "../resource/metadata.ts";
import { builtInKinds } from "./index.ts";
import { CONTEXT, created } from "./testing/try-kind.ts";

interface Counter {
  reads: number;
}

/** The same value, whose every read of a field or an item is counted. */
function counted<T>(value: T, counter: Counter, made = new Map<object, unknown>()): T {
  if (typeof value !== "object" || value === null) return value;
  const known = made.get(value);
  if (known) return known as T;
  const proxy = new Proxy(value, {
    get(target, key, receiver) {
      counter.reads++;
      return counted(Reflect.get(target, key, receiver) as unknown, counter, made);
    },
  });
  made.set(value, proxy);
  return proxy;
}

const SMALL = 60;
const FACTOR = 4;

function growth(work: (size: number, counter: Counter) => void): number {
  const [small, large] = [SMALL, SMALL * FACTOR].map((size) => {
    const counter = { reads: 0 };
    work(size, counter);
    return counter.reads;
  });
  assert.ok(small! > SMALL, "the list was looked at");
  return large! / small!;
}

/** Four times the items take four times the reads, with some room for what does not depend on them. */
const MOST = FACTOR * 1.5;

const many = <T>(size: number, make: (i: number) => T): T[] => Array.from({ length: size }, (_, i) => make(i));
const container = { name: "c", image: "i" };
const ip = (i: number) => `10.0.${i >> 8}.${i & 255}`;

const PODS: Readonly<Record<string, (size: number) => object>> = {
  containers: (size) => ({ containers: many(size, (i) => ({ name: `c${i}`, image: "i" })) }),
  "init containers": (size) => ({
    containers: [container],
    initContainers: many(size, (i) => ({ name: `i${i}`, image: "i" })),
  }),
  "environment variables": (size) => ({
    containers: [{ ...container, env: many(size, (i) => ({ name: `E${i}`, value: "v" })) }],
  }),
  ports: (size) => ({
    containers: [{ ...container, ports: many(size, (i) => ({ containerPort: 1 + i, hostPort: 1 + i })) }],
  }),
  "mounts and devices": (size) => ({
    volumes: many(size, (i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName: "c" } })),
    containers: [
      {
        ...container,
        volumeMounts: many(size / 2, (i) => ({ name: `v${i}`, mountPath: `/p${i}` })),
        volumeDevices: many(size / 2, (i) => ({ name: `v${size - 1 - i}`, devicePath: `/d${i}` })),
      },
    ],
  }),
  "projected sources": (size) => ({
    containers: [container],
    volumes: [
      {
        name: "v",
        projected: {
          sources: many(size, (i) => ({ configMap: { name: "c", items: [{ key: "k", path: `p${i}.x` }] } })),
        },
      },
    ],
  }),
  "files of a volume": (size) => ({
    containers: [container],
    volumes: [{ name: "v", configMap: { name: "c", items: many(size, (i) => ({ key: `k${i}`, path: `p${i}.x` })) } }],
  }),
  tolerations: (size) => ({
    containers: [container],
    tolerations: many(size, (i) => ({ key: `k${i}`, operator: "Exists" })),
  }),
  "spread constraints": (size) => ({
    containers: [container],
    topologySpreadConstraints: many(size, (i) => ({
      maxSkew: 1,
      topologyKey: `k${i}`,
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: {},
    })),
  }),
  "resource claims": (size) => ({
    resourceClaims: many(size, (i) => ({ name: `c${i}`, resourceClaimName: "r" })),
    containers: [{ ...container, resources: { claims: many(size, (i) => ({ name: `c${i}` })) } }],
  }),
  "label keys of an affinity": (size) => ({
    containers: [container],
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: "k",
            labelSelector: { matchLabels: { a: "b" } },
            matchLabelKeys: many(size, (i) => `m${i}`),
            mismatchLabelKeys: many(size, (i) => `n${i}`),
          },
        ],
      },
    },
  }),
  "scheduling gates": (size) => ({ containers: [container], schedulingGates: many(size, (i) => ({ name: `g${i}` })) }),
  "host aliases": (size) => ({
    containers: [container],
    hostAliases: many(size, (i) => ({ ip: ip(i), hostnames: ["a"] })),
  }),
  "pull secrets": (size) => ({ containers: [container], imagePullSecrets: many(size, (i) => ({ name: `s${i}` })) }),
};

describe("validating, warning of and updating a Pod reads its body in proportion to its", () => {
  const definition = builtInKinds().find(({ kind, group }) => kind === "Pod" && group === "")!;
  for (const [name, spec] of Object.entries(PODS)) {
    test(name, () => {
      const grown = growth((size, counter) => {
        const pod = created(definition, { spec: spec(size) });
        const read = counted(pod, counter);
        definition.validate?.(read, CONTEXT);
        definition.warnings?.(read, undefined);
        definition.validateUpdate?.(counted(draftOf(pod) as Draft<KubeObject>, counter) as KubeObject, read, CONTEXT);
      });
      assert.ok(grown <= MOST, `${FACTOR} times the items took ${grown.toFixed(1)} times the reads`);
    });
  }
});

test("AppArmor annotations are held against the containers with reads in proportion to both", () => {
  const definition = builtInKinds().find(({ kind, group }) => kind === "Pod" && group === "")!;
  const grown = growth((size, counter) => {
    const annotations = Object.fromEntries(
      many(size, (i) => [`container.apparmor.security.beta.kubernetes.io/c${i}`, "runtime/default"]),
    );
    const pod = created(definition, {
      metadata: { annotations },
      spec: { containers: many(size, (i) => ({ name: `c${i}`, image: "i" })) },
    });
    definition.validate?.(counted(pod, counter), CONTEXT);
  });
  assert.ok(grown <= MOST, `${FACTOR} times the items took ${grown.toFixed(1)} times the reads`);
});

test("owner references are told apart with reads in proportion to their number", () => {
  const grown = growth((size, counter) => {
    const ownerReferences = many(size, (i) => ({ apiVersion: "v1", kind: "Pod", name: `p${i}`, uid: `u${i}` }));
    dedupeOwners(counted({ ownerReferences }, counter) as unknown as AnyDraft["metadata"], "in the request", undefined);
  });
  assert.ok(grown <= MOST, `${grown}`);
});

const KINDS: readonly (readonly [kind: string, what: string, make: (size: number) => object])[] = [
  [
    "ValidatingWebhookConfiguration",
    "webhooks",
    (size) => ({
      webhooks: many(size, (i) => ({
        name: `w${i}.example.com`,
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        clientConfig: { url: "https://example.com" },
      })),
    }),
  ],
  [
    "ValidatingWebhookConfiguration",
    "review versions",
    (size) => ({ webhooks: [{ name: "w.example.com", admissionReviewVersions: many(size, (i) => `v${i}`) }] }),
  ],
  [
    "ValidatingAdmissionPolicy",
    "variables and audit annotations",
    (size) => ({
      spec: {
        variables: many(size, (i) => ({ name: `v${i}`, expression: "1" })),
        auditAnnotations: many(size, (i) => ({ key: `k${i}`, valueExpression: "1" })),
      },
    }),
  ],
  [
    "ValidatingAdmissionPolicy",
    "resource names",
    (size) => ({ spec: { matchConstraints: { resourceRules: [{ resourceNames: many(size, (i) => `n${i}`) }] } } }),
  ],
  [
    "CertificateSigningRequest",
    "usages and conditions",
    (size) => ({
      spec: { usages: many(size, (i) => `u${i}`) },
      status: { conditions: many(size, (i) => ({ type: `t${i}`, status: "True" })) },
    }),
  ],
  [
    "CSINode",
    "drivers and topology keys",
    (size) => ({
      spec: {
        drivers: many(size, (i) => ({ name: `d${i}`, nodeID: "n", topologyKeys: many(4, (j) => `k${i}-${j}`) })),
      },
    }),
  ],
  ["CSIDriver", "token requests", (size) => ({ spec: { tokenRequests: many(size, (i) => ({ audience: `a${i}` })) } })],
  [
    "StorageClass",
    "values of a topology",
    (size) => ({
      provisioner: "p",
      allowedTopologies: [{ matchLabelExpressions: [{ key: "k", values: many(size, (i) => `v${i}`) }] }],
    }),
  ],
  [
    "ResourceClaim",
    "requests",
    (size) => ({
      spec: { devices: { requests: many(size, (i) => ({ name: `r${i}`, exactly: { deviceClassName: "d" } })) } },
    }),
  ],
  [
    "CustomResourceDefinition",
    "properties and what joins them",
    (size) => ({
      spec: {
        group: "example.com",
        names: { plural: "foos", kind: "Foo" },
        versions: [
          {
            name: "v1",
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: Object.fromEntries(many(size, (i) => [`p${i}`, { type: "string" }])),
                allOf: many(size, (i) => ({ properties: { [`p${i}`]: { minLength: 1 } } })),
              },
            },
          },
        ],
      },
    }),
  ],
  [
    "CustomResourceDefinition",
    "keys of a list",
    (size) => ({
      spec: {
        group: "example.com",
        names: { plural: "foos", kind: "Foo" },
        versions: [
          {
            name: "v1",
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: {
                  list: {
                    type: "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": many(size, (i) => `p${i}`),
                    items: {
                      type: "object",
                      required: many(size, (i) => `p${i}`),
                      properties: Object.fromEntries(many(size, (i) => [`p${i}`, { type: "string" }])),
                    },
                  },
                },
              },
            },
          },
        ],
      },
    }),
  ],
];

describe("validating an object reads its body in proportion to its", () => {
  for (const [kind, what, make] of KINDS) {
    test(`${what} (${kind})`, () => {
      const definition = builtInKinds().find((candidate) => candidate.kind === kind)!;
      const grown = growth((size, counter) => {
        const object = created(definition, make(size));
        const read = counted(object, counter);
        definition.validate?.(read, CONTEXT);
        definition.validateStatusUpdate?.(read, object, CONTEXT);
        definition.validateUpdate?.(
          read,
          counted(draftOf(object) as Draft<KubeObject>, counter) as KubeObject,
          CONTEXT,
        );
      });
      assert.ok(grown <= MOST, `${FACTOR} times the items took ${grown.toFixed(1)} times the reads`);
    });
  }
});
