import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Service, ServicePort } from "#objects";
import { serviceVariables } from "./services.ts";

const service = (namespace: string, name: string, clusterIP: string, ports: readonly ServicePort[] = []): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace, name },
  spec: { clusterIP, ports },
});
const API = service("default", "kubernetes", "10.96.0.1", [{ name: "https", port: 443, protocol: "TCP" }]);
const linesOf = (services: readonly Service[], namespace: string, links: boolean) =>
  [...serviceVariables(services, namespace, links)].map(([name, value]) => `${name}=${value}`);

const API_LINES = [
  "KUBERNETES_SERVICE_HOST=10.96.0.1",
  "KUBERNETES_SERVICE_PORT=443",
  "KUBERNETES_SERVICE_PORT_HTTPS=443",
  "KUBERNETES_PORT=tcp://10.96.0.1:443",
  "KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443",
  "KUBERNETES_PORT_443_TCP_PROTO=tcp",
  "KUBERNETES_PORT_443_TCP_PORT=443",
  "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1",
];

describe("variables that tell of Services", () => {
  test("contain the API's in every namespace, with or without links", () => {
    assert.deepEqual(linesOf([API], "other", false), API_LINES);
    assert.deepEqual(linesOf([API], "default", false), API_LINES);
    assert.deepEqual(linesOf([API], "default", true), API_LINES);
  });

  test("contain those of the namespace with links only", () => {
    const own = service("a", "my-web", "fd00::7", [
      { name: "http", port: 80 },
      { name: "dns-udp", port: 53, protocol: "UDP" },
    ]);
    const services = [API, own, service("b", "theirs", "10.96.0.9", [{ port: 1 }])];
    assert.deepEqual(linesOf(services, "a", false), API_LINES);
    assert.deepEqual(linesOf(services, "a", true), [
      ...API_LINES,
      "MY_WEB_SERVICE_HOST=fd00::7",
      "MY_WEB_SERVICE_PORT=80",
      "MY_WEB_SERVICE_PORT_HTTP=80",
      "MY_WEB_SERVICE_PORT_DNS_UDP=53",
      "MY_WEB_PORT=tcp://[fd00::7]:80",
      "MY_WEB_PORT_80_TCP=tcp://[fd00::7]:80",
      "MY_WEB_PORT_80_TCP_PROTO=tcp",
      "MY_WEB_PORT_80_TCP_PORT=80",
      "MY_WEB_PORT_80_TCP_ADDR=fd00::7",
      "MY_WEB_PORT_53_UDP=udp://[fd00::7]:53",
      "MY_WEB_PORT_53_UDP_PROTO=udp",
      "MY_WEB_PORT_53_UDP_PORT=53",
      "MY_WEB_PORT_53_UDP_ADDR=fd00::7",
    ]);
  });

  test("use a namespace's own Service of the name kubernetes, but only with links", () => {
    const own = service("a", "kubernetes", "10.96.0.8");
    for (const services of [
      [API, own],
      [own, API],
    ]) {
      assert.deepEqual(linesOf(services, "a", true), ["KUBERNETES_SERVICE_HOST=10.96.0.8"]);
      assert.deepEqual(linesOf(services, "a", false), API_LINES);
    }
  });

  test("leave out a Service without an address", () => {
    assert.deepEqual(linesOf([service("a", "headless", "None"), service("a", "external", "")], "a", true), []);
  });
});
