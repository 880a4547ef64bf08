import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { body, cells, CONTEXT, created, wrong, wrongChange } from "../../testing/try-kind.ts";
import { serviceDefinition } from "./index.ts";

const services = serviceDefinition();
const dual = serviceDefinition({ serviceCidr: "10.96.0.0/12,fd00:10:96::/112" });
const HTTP = { port: 80 };
const service = (spec: object, more: object = {}) => ({ spec: { ports: [HTTP], ...spec }, ...more });
const stored = (spec: object = {}) =>
  service({ clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ports: [{ port: 80, nodePort: 30080 }], ...spec });

describe("the defaults of a Service", () => {
  test("of a ClusterIP Service are upstream's", () => {
    assert.deepEqual(body(services, service({ selector: { app: "web" } })), {
      spec: {
        ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
        selector: { app: "web" },
        sessionAffinity: "None",
        type: "ClusterIP",
        internalTrafficPolicy: "Cluster",
        ipFamilyPolicy: "SingleStack",
        ipFamilies: ["IPv4"],
      },
      status: { loadBalancer: {} },
    });
  });

  test("of a LoadBalancer are upstream's", () => {
    const { spec } = body(services, service({ type: "LoadBalancer", sessionAffinity: "ClientIP" })) as { spec: object };
    assert.deepEqual(spec, {
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
      type: "LoadBalancer",
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
      externalTrafficPolicy: "Cluster",
      internalTrafficPolicy: "Cluster",
      allocateLoadBalancerNodePorts: true,
      ipFamilyPolicy: "SingleStack",
      ipFamilies: ["IPv4"],
    });
  });

  test("of an ExternalName have no families", () => {
    assert.deepEqual(body(services, { spec: { type: "ExternalName", externalName: "a.b" } })["spec"], {
      type: "ExternalName",
      externalName: "a.b",
      sessionAffinity: "None",
    });
  });

  const families: readonly (readonly [what: string, definition: typeof services, spec: object, expected: unknown])[] = [
    ["an address decides", dual, { clusterIP: "fd00:10:96::9" }, ["IPv6"]],
    ["the other family is added when both are wanted", dual, { ipFamilyPolicy: "PreferDualStack" }, ["IPv4", "IPv6"]],
    ["as far as there is one", services, { ipFamilyPolicy: "PreferDualStack" }, ["IPv4"]],
    ["headless without selector is of both", services, { clusterIP: "None" }, ["IPv4", "IPv6"]],
    ["headless with selector is not", services, { clusterIP: "None", selector: { a: "b" } }, ["IPv4"]],
  ];
  for (const [what, definition, spec, expected] of families) {
    test(`choose the families: ${what}`, () => {
      assert.deepEqual((body(definition, service(spec))["spec"] as { ipFamilies: unknown }).ipFamilies, expected);
    });
  }
});

describe("the validation of a Service", () => {
  const cases: readonly (readonly [what: string, object: object, errors: readonly string[]])[] = [
    ["nothing", { spec: {} }, ["spec.ports: Required value"]],
    ["headless may have no ports", { spec: { clusterIP: "None" } }, []],
    [
      "ports",
      service({ ports: [HTTP, { port: 80, name: "a" }, { port: 0, name: "a", protocol: "X", targetPort: "UP" }] }),
      [
        "spec.ports[0].name: Required value",
        'spec.ports[2].name: Duplicate value: "a"',
        "spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        'spec.ports[2].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        'spec.ports[2].targetPort: Invalid value: "UP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.ports[2].targetPort: Invalid value: "UP": must contain at least one letter (a-z)',
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      "node ports are not for ClusterIP",
      service({ ports: [{ port: 80, nodePort: 30080 }] }),
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      "type",
      service({ type: "Magic" }),
      [
        'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      "headless NodePort",
      service({ type: "NodePort", clusterIP: "None", selector: { a: "b" } }),
      ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    ],
    [
      "ExternalName",
      { spec: { type: "ExternalName", externalName: "", clusterIPs: ["1.2.3.4"] } },
      ["spec.clusterIPs: Forbidden: may not be set for ExternalName services", "spec.externalName: Required value"],
    ],
    [
      "addresses",
      service({ clusterIP: "10.0.0.256" }),
      [
        'spec.clusterIPs[0]: Invalid value: "10.0.0.256": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      "two stacks where there is one",
      service({ ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] }),
      [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
        'spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster',
      ],
    ],
    [
      "only load balancers",
      service({ loadBalancerClass: "a/b", allocateLoadBalancerNodePorts: true, loadBalancerSourceRanges: ["x"] }),
      [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      ],
    ],
    [
      "policies",
      service({ externalTrafficPolicy: "Local", internalTrafficPolicy: "Never", healthCheckNodePort: 1 }),
      [
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        "spec.healthCheckNodePort: Invalid value: 1: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        'spec.internalTrafficPolicy: Unsupported value: "Never": supported values: "Cluster", "Local"',
      ],
    ],
  ];
  for (const [what, object, errors] of cases)
    test(`answers in upstream's words: ${what}`, () => assert.deepEqual(wrong(services, object), errors));

  test("takes names of DNS labels that begin with a letter", () => {
    assert.deepEqual(services.nameErrors?.("1st", false).length, 1);
    assert.deepEqual(services.nameErrors?.("first", false), []);
  });

  test("refuses ingress points in the status of anything but a load balancer", () => {
    const object = { ...created(services, service({})), status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } };
    const errors = services.validateStatusUpdate?.(object, object, CONTEXT) ?? [];
    assert.deepEqual(
      errors.map(({ field, message }) => `${field}: ${message}`),
      ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"],
    );
  });
});

describe("updates of a Service", () => {
  const updated = (old: object, object: object) => {
    const before = created(services, old);
    const draft = created(services, object) as unknown as { spec: Record<string, unknown> };
    services.prepareForUpdate?.(draft as never, before, CONTEXT);
    return draft.spec;
  };

  test("keep what was allocated when the replacement does not mention it", () => {
    const spec = updated(stored({ type: "NodePort" }), service({ type: "NodePort" }));
    assert.deepEqual([spec["clusterIP"], spec["clusterIPs"]], ["10.96.0.7", ["10.96.0.7"]]);
    assert.deepEqual(spec["ports"], [{ port: 80, protocol: "TCP", targetPort: 80, nodePort: 30080 }]);
  });

  test("drop what the new type has no use for when the type alone changes", () => {
    const toCluster = updated(
      stored({ type: "NodePort" }),
      stored({ type: "ClusterIP", externalTrafficPolicy: "Cluster" }),
    );
    assert.deepEqual(toCluster["ports"], [{ port: 80, protocol: "TCP", targetPort: 80 }]);
    assert.equal(toCluster["externalTrafficPolicy"], undefined);
    const toName = updated(stored({ type: "NodePort" }), stored({ type: "ExternalName", externalName: "a.b" }));
    assert.equal(toName["clusterIP"], undefined);
    assert.equal(toName["clusterIPs"], undefined);
  });

  test("may set the address once and not change it", () => {
    const old = stored({ ports: [HTTP] });
    assert.deepEqual(wrongChange(services, old, stored({ ports: [HTTP], clusterIP: "10.96.0.8" })), [
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set',
    ]);
    assert.deepEqual(wrongChange(services, old, service({ clusterIP: "10.96.0.8" })), [
      "spec.clusterIPs[0]: Invalid value: null: primary clusterIP can not be unset",
    ]);
    assert.deepEqual(wrongChange(services, old, service({ clusterIP: "" })), []);
  });

  test("add and release a second family by policy", () => {
    const one = service({ clusterIPs: ["10.96.0.7"], clusterIP: "10.96.0.7" });
    const both = service({
      clusterIP: "10.96.0.7",
      clusterIPs: ["10.96.0.7", "fd00:10:96::7"],
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "RequireDualStack",
    });
    assert.deepEqual(wrongChange(dual, one, both), []);
    assert.deepEqual(wrongChange(dual, both, { ...one, spec: { ...one.spec, ipFamilyPolicy: "SingleStack" } }), []);
    assert.deepEqual(wrongChange(dual, both, { ...one, spec: { ...one.spec, ipFamilies: ["IPv4"] } }), [
      "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP",
    ]);
  });
});

describe("the columns of a Service", () => {
  const shown = (spec: object, status: object = {}) => cells(services, { spec, status });

  test("show a NodePort Service's ports and its selector in order", () => {
    const ports = [
      { port: 80, nodePort: 30080 },
      { port: 53, protocol: "UDP" },
    ];
    const spec = { type: "NodePort", clusterIPs: ["10.96.0.7"], ports, selector: { b: "2", a: "1" } };
    assert.deepEqual(shown(spec), {
      Type: "NodePort",
      "Cluster-IP": "10.96.0.7",
      "External-IP": "<none>",
      "Port(s)": "80:30080/TCP,53/UDP",
      Selector: "a=1,b=2",
    });
  });

  test("show the external addresses of each type", () => {
    const external = (spec: object, status: object = {}) => shown(spec, status)["External-IP"];
    assert.equal(external({ type: "LoadBalancer" }), "<pending>");
    const ingress = [{ ip: "2.2.2.2" }, { hostname: "a.b" }, { ip: "1.1.1.1" }];
    assert.equal(external({ type: "LoadBalancer" }, { loadBalancer: { ingress } }), "1.1.1.1,2.2.2.2,a.b");
    assert.equal(external({ type: "ExternalName", externalName: "x.y" }), "x.y");
    assert.equal(external({ externalIPs: ["1.2.3.4"] }), "1.2.3.4");
  });

  test("show <none> for what a headless Service lacks", () => {
    assert.deepEqual(shown({ clusterIP: "None", clusterIPs: ["None"] }), {
      Type: "ClusterIP",
      "Cluster-IP": "None",
      "External-IP": "<none>",
      "Port(s)": "<none>",
      Selector: "<none>",
    });
  });
});

test("deprecated and ignored fields of a Service are warned of", () => {
  const warn = (spec: object) => services.warnings?.(created(services, service(spec)), undefined);
  assert.deepEqual(warn({}), []);
  assert.deepEqual(warn({ externalName: "a", externalIPs: ["1.2.3.4"], trafficDistribution: "PreferClose" }), [
    "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    'spec.externalName is ignored when spec.type is not "ExternalName"',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ]);
});
