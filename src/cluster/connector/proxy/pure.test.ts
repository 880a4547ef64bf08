import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRandom } from "#base";
import type { Endpoints, Pod } from "#objects";
import { outcome } from "../testing/outcome.ts";
import { parseReference, podDestination, serviceCandidates, servicePortName } from "./destination.ts";
import { failureText, portOf } from "./dial.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { createLinkRewriter } from "./html.ts";
import { rewriteLink } from "./links.ts";
import { proxiedPath } from "./path.ts";

describe("the destination of a proxied request", () => {
  test("is said by name, scheme and port", () => {
    const plain = { secure: false, name: "web", port: "" };
    assert.deepEqual(parseReference("web", "pod"), plain);
    assert.deepEqual(parseReference("web:80", "pod"), { ...plain, port: "80" });
    assert.deepEqual(parseReference("https:web:https", "pod"), { secure: true, name: "web", port: "https" });
    assert.deepEqual(parseReference(":web:", "pod"), plain);
    for (const wrong of ["", ":80", "ftp:web:21", "a:b:c:d"]) {
      assert.equal(
        outcome(() => parseReference(wrong, "pod")),
        `BadRequest: invalid pod request ${JSON.stringify(wrong)}`,
      );
    }
  });

  const pod = (ip: string, ports: number[] = []): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web" },
    spec: { containers: [{ name: "a" }, { name: "b", ports: ports.map((containerPort) => ({ containerPort })) }] },
    status: { podIPs: [{ ip }] },
  });

  test("is a pod's first address, and the first port that it names unless the client names one", () => {
    const named = parseReference("web", "pod");
    const at = (port: string) => ({ secure: false, host: "10.0.0.1", port });
    assert.deepEqual(podDestination(named, pod("10.0.0.1", [8080, 9090])), at("8080"));
    assert.deepEqual(podDestination(named, pod("10.0.0.1")), at(""));
    assert.deepEqual(podDestination(parseReference("web:9", "pod"), pod("10.0.0.1", [8080])), at("9"));
  });

  test("is refused when a pod's address leads to the machine itself", () => {
    const refused = ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1", ""];
    for (const ip of refused) {
      assert.equal(
        outcome(() => podDestination(parseReference("web", "pod"), pod(ip))),
        "BadRequest: address not allowed",
      );
    }
  });

  const target = (name: string, namespace = "default") => ({ kind: "Pod", name, namespace });
  const endpoints = (subsets: Endpoints["subsets"]): Endpoints => ({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "web", namespace: "default" },
    ...(subsets ? { subsets } : {}),
  });

  test("is one of a Service's ready pods that have the port", () => {
    const found = endpoints([
      {
        addresses: [
          { ip: "10.0.0.1", targetRef: target("a") },
          { ip: "10.0.0.2", targetRef: target("b") },
          { ip: "10.0.0.3" },
          { ip: "10.0.0.4", targetRef: target("d", "other") },
        ],
        notReadyAddresses: [{ ip: "10.0.0.5", targetRef: target("e") }],
        ports: [{ name: "http", port: 8080 }],
      },
      { addresses: [{ ip: "10.0.0.6", targetRef: target("f") }], ports: [{ name: "dns", port: 53 }] },
    ]);
    const reference = parseReference("web:http", "service");
    const firsts = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const candidates = serviceCandidates(reference, "http", found, createRandom(seed));
      assert.deepEqual(candidates.map(({ host, port }) => `${host}:${port}`).sort(), [
        "10.0.0.1:8080",
        "10.0.0.2:8080",
      ]);
      firsts.add(candidates[0]?.host ?? "");
    }
    assert.equal(firsts.size, 2);
    assert.deepEqual(serviceCandidates(reference, "", found, createRandom(1)), []);
    assert.equal(
      outcome(() => serviceCandidates(reference, "http", endpoints(undefined), createRandom(1))),
      'ServiceUnavailable: no endpoints available for service "web"',
    );
  });

  test("is a Service's port by its number, which must exist", () => {
    const service = { apiVersion: "v1", kind: "Service", metadata: {}, spec: { ports: [{ name: "http", port: 80 }] } };
    assert.equal(servicePortName(parseReference("web:80", "service"), service), "http");
    assert.equal(
      outcome(() => servicePortName(parseReference("web:81", "service"), service)),
      'ServiceUnavailable: no service port 81 found for service "web"',
    );
  });
});

test("the path behind the proxy is decoded, cleaned and encoded as Go does", () => {
  const base = "/api/v1/namespaces/default/pods/web/proxy";
  const cases: readonly (readonly [rest: string, path: string, prefix?: string])[] = [
    ["", ""],
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["/a/b/", "/a/b/"],
    ["/a%2Fb", "/a/b"],
    ["/a%20b!$&'()*+,;=:@", "/a%20b%21$&%27%28%29%2A+,;=:@"],
    ["/%C3%A9", "/%C3%A9"],
    ["/a/../b", "/b", `${base}/a/..`],
    ["/a%3Fb", "/a%3Fb"],
  ];
  for (const [below, path, prefix = base] of cases) {
    const rest = below.replace(/^\//, "").replace(/\/$/, "");
    assert.deepEqual(proxiedPath(`${base}${below}`, rest), { path, prefix }, below);
  }
});

test("headers that concern one connection, or only the API server, are not passed on", () => {
  const headers = {
    host: "api:6443",
    authorization: "Bearer secret",
    "impersonate-user": "jane",
    connection: "keep-alive, X-Mine",
    "x-mine": "1",
    te: "trailers",
    cookie: "a=b",
    "x-forwarded-for": "192.0.2.9",
    ":method": "GET",
  };
  assert.deepEqual(requestHeaders({ headers, peer: { address: "192.0.2.1" } }, "/p/x"), {
    host: "api:6443",
    cookie: "a=b",
    "x-forwarded-for": "192.0.2.9, 192.0.2.1",
    "x-forwarded-uri": "/p/x",
  });
  const raw = ["Connection", "close", "Set-Cookie", "a=1", "Set-Cookie", "b=2", "Access-Control-Allow-Origin", "*"];
  assert.deepEqual(responseHeaders([...raw, "Content-Length", "3"]), {
    "set-cookie": ["a=1", "b=2"],
    "content-length": "3",
  });
});

const CONTEXT = { prefix: "/proxy", destination: "10.0.0.1:80", host: "localhost:8001" };

test("links that lead back to the destination lead through the proxy", () => {
  const cases: readonly (readonly [link: string, expected: string])[] = [
    ["/a", "/proxy/a"],
    ["/a/?q=/b#c", "/proxy/a/?q=/b#c"],
    ["/", "/proxy/"],
    ["/proxy/a", "/proxy/a"],
    ["a/b", "a/b"],
    ["../a", "../a"],
    ["?q", "?q"],
    ["http://10.0.0.1:80/a", "/proxy/a"],
    ["http://localhost:8001/a", "http://localhost:8001/proxy/a"],
    ["https://example.org/a", "https://example.org/a"],
    ["//example.org/a", "//example.org/a"],
    ["mailto:a@b", "mailto:a@b"],
  ];
  for (const [link, expected] of cases) assert.equal(rewriteLink(link, CONTEXT), expected, link);
});

describe("HTML behind the proxy", () => {
  const rewrite = (link: string) => rewriteLink(link, CONTEXT);
  const whole = (text: string) => {
    const rewriter = createLinkRewriter(rewrite);
    return rewriter.push(text) + rewriter.end();
  };
  const cases: readonly (readonly [text: string, expected: string])[] = [
    ['<a href="/x">/x</a>', '<a href="/proxy/x">/x</a>'],
    ["<A class=b HREF='/x'>", "<A class=b HREF='/proxy/x'>"],
    ["<img src=/x alt=/y>", '<img src="/proxy/x" alt=/y>'],
    ['<a href="/x?a=1&amp;b=2">', '<a href="/proxy/x?a=1&amp;b=2">'],
    ['<a title="a > b" href="/x">', '<a title="a > b" href="/proxy/x">'],
    ['<p href="/x">', '<p href="/x">'],
    ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/proxy/y">'],
    [
      '<script src="/x">if (a<b) "<a href=\'/x\'>"</script>',
      '<script src="/proxy/x">if (a<b) "<a href=\'/x\'>"</script>',
    ],
    ["a < b <", "a < b <"],
    ['<a href="/x', '<a href="/x'],
  ];
  for (const [text, expected] of cases)
    test(`is rewritten, or left alone: ${text}`, () => assert.equal(whole(text), expected));

  test("comes out the same however it is cut", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "a",
      " ",
      'href="/x"',
      "<!--",
      "-->",
      "<script>",
      "</script>",
      "'",
      "/",
      "img src=/y",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (pieces, step) => {
        const text = pieces.join("");
        const rewriter = createLinkRewriter(rewrite);
        let cut = "";
        for (let at = 0; at < text.length; at += step) cut += rewriter.push(text.slice(at, at + step));
        assert.equal(cut + rewriter.end(), whole(text));
      }),
    );
  });
});

test("a destination that could not be reached is reported in the words of Go", () => {
  const destination = { secure: false, host: "10.0.0.1", port: "80" };
  const error = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  assert.equal(failureText(error, destination, 80), "dial tcp 10.0.0.1:80: connect: connection refused");
  assert.equal(
    failureText(error, { ...destination, host: "fd00::1" }, 80),
    "dial tcp [fd00::1]:80: connect: connection refused",
  );
  assert.equal(portOf({ ...destination, port: "metrics" }), undefined);
  assert.equal(portOf({ ...destination, port: "", secure: true }), 443);
  assert.equal(
    failureText(undefined, { ...destination, port: "metrics" }, undefined),
    "dial tcp: lookup tcp/metrics: unknown port",
  );
});
