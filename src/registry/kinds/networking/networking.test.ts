import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResourceDefinition } from "../../definition.ts";
import { kind } from "../testing/kind.ts";
import { body, cells, wrong, wrongChange } from "../testing/try-kind.ts";

const spec = (definition: ResourceDefinition, value: object) => body(definition, { spec: value })["spec"];
const names = (definition: ResourceDefinition, name: string) => definition.nameErrors?.(name, false) ?? [];

describe("networking.k8s.io", () => {
  const backend = { service: { name: "web", port: { number: 80 } } };

  test("an Ingress is validated, and shows upstream's columns", () => {
    const ingresses = kind("Ingress");
    const paths = [
      { path: "a", pathType: "Prefix", backend },
      { path: "/a//b", pathType: "Exact", backend: {} },
      { backend },
    ];
    assert.deepEqual(wrong(ingresses, { spec: { rules: [{ host: "*.x", http: { paths } }, { host: "1.2.3.4" }] } }), [
      'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
      "spec.rules[0].http.paths[1].path: Invalid value: \"/a//b\": must not contain '//'",
      'spec.rules[0].http.paths[1].backend: Invalid value: "": resource or service backend is required',
      "spec.rules[0].http.paths[2].pathType: Required value: pathType must be specified",
      'spec.rules[1].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ]);
    assert.deepEqual(wrong(ingresses, { spec: {} }), [
      "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
    ]);
    const rules = ["a", "b", "c", "d"].map((host) => ({ host }));
    const ingress = [{ ip: "10.10.10.10" }, { ip: "10.10.10.11" }];
    assert.deepEqual(cells(ingresses, { spec: { rules, tls: [{}] }, status: { loadBalancer: { ingress } } }), {
      Class: "<none>",
      Hosts: "a,b,c + 1 more...",
      Address: "10.10.10.10,1...",
      Ports: "80, 443",
    });
  });

  test("an IngressClass is defaulted and validated, and its controller is immutable", () => {
    const classes = kind("IngressClass");
    assert.deepEqual(spec(classes, { controller: "a.b/c", parameters: { kind: "K", name: "n" } }), {
      controller: "a.b/c",
      parameters: { kind: "K", name: "n", scope: "Cluster" },
    });
    assert.deepEqual(wrong(classes, { spec: { controller: "c" } }), [
      'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")',
    ]);
    assert.deepEqual(wrongChange(classes, { spec: { controller: "a/b" } }, { spec: { controller: "a/c" } }), [
      'spec.controller: Invalid value: "a/c": field is immutable',
    ]);
  });

  test("a NetworkPolicy is defaulted and validated, and shows upstream's column", () => {
    const policies = kind("NetworkPolicy");
    assert.deepEqual(spec(policies, { egress: [{ ports: [{ port: 53 }] }] }), {
      podSelector: {},
      egress: [{ ports: [{ port: 53, protocol: "TCP" }] }],
      policyTypes: ["Ingress", "Egress"],
    });
    const from = [{}, { ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/8"] }, podSelector: {} }];
    assert.deepEqual(wrong(policies, { spec: { ingress: [{ from, ports: [{ port: "web", endPort: 90 }] }] } }), [
      "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric",
      "spec.ingress[0].from[0]: Required value: must specify a peer",
      'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`',
      "spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer",
    ]);
    assert.deepEqual(cells(policies, { spec: {} }), { "Pod-Selector": "<none>" });
  });

  test("an IPAddress has a canonical name, and a ServiceCIDR may only gain a second family", () => {
    assert.deepEqual(names(kind("IPAddress"), "10.0.0.1"), []);
    assert.deepEqual(names(kind("IPAddress"), "fd00::0:1"), ['must be in canonical form ("fd00::1")']);
    const parentRef = { resource: "services", namespace: "default", name: "kubernetes" };
    assert.deepEqual(cells(kind("IPAddress"), { spec: { parentRef } }), { ParentRef: "services/default/kubernetes" });
    const cidrs = (...list: string[]) => ({ spec: { cidrs: list } });
    assert.deepEqual(wrong(kind("ServiceCIDR"), cidrs("10.0.0.0/8", "11.0.0.0/8")), [
      'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
    assert.deepEqual(wrongChange(kind("ServiceCIDR"), cidrs("10.0.0.0/8"), cidrs("10.0.0.0/8", "fd00::/64")), []);
    assert.deepEqual(wrongChange(kind("ServiceCIDR"), cidrs("10.0.0.0/8"), cidrs("11.0.0.0/8")), [
      'spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable',
    ]);
  });
});
