import assert from "node:assert/strict";
import { test } from "node:test";
import type { HTTPGetAction } from "#objects";
import { joinHostPort, resolvePort } from "./address.ts";
import { probeHeaders } from "./http-headers.ts";
import { redirected, targetOf } from "./http-target.ts";

const container = { name: "a", ports: [{ name: "web", containerPort: 8080 }, { containerPort: 9 }] };

test("a port is a number or the name of a container's port", () => {
  assert.equal(resolvePort(80, container), 80);
  assert.equal(resolvePort("web", container), 8080);
  assert.equal(resolvePort("81", undefined), 81);
  const cases: readonly (readonly [string | number, string])[] = [
    ["nope", 'strconv.Atoi: parsing "nope": invalid syntax'],
    [0, "invalid port number: 0"],
    [65_536, "invalid port number: 65536"],
    ["-1", "invalid port number: -1"],
  ];
  for (const [port, message] of cases) assert.throws(() => resolvePort(port, container), { message });
  assert.equal(joinHostPort("::1", 80), "[::1]:80");
});

test("an address is written as Go writes it", () => {
  const cases: readonly (readonly [action: Partial<HTTPGetAction>, text: string, path: string])[] = [
    [{}, "http://10.0.0.1:80", "/"],
    [{ path: "/" }, "http://10.0.0.1:80/", "/"],
    [{ path: "healthz" }, "http://10.0.0.1:80/healthz", "/healthz"],
    [{ path: "/a?b=c&d#e" }, "http://10.0.0.1:80/a?b=c&d#e", "/a?b=c&d"],
    [{ path: "?x" }, "http://10.0.0.1:80?x", "/?x"],
    [{ path: "/a b/ü" }, "http://10.0.0.1:80/a%20b/%C3%BC", "/a%20b/%C3%BC"],
    [{ path: "/a%20b!(c)" }, "http://10.0.0.1:80/a%20b!(c)", "/a%20b!(c)"],
    [{ path: "/a!b c" }, "http://10.0.0.1:80/a%21b%20c", "/a%21b%20c"],
    [{ path: "/%zz?q" }, "http://10.0.0.1:80/%25zz%3Fq", "/%25zz%3Fq"],
    [{ path: "http://elsewhere/x?y" }, "http://10.0.0.1:80/x?y", "/x?y"],
    [{ path: "/x", scheme: "HTTPS", host: "fd00::1" }, "https://[fd00::1]:80/x", "/x"],
  ];
  for (const [action, text, path] of cases) {
    const target = targetOf({ port: 80, ...action }, container, "10.0.0.1");
    assert.deepEqual([target.text, target.path], [text, path]);
  }
});

test("a redirect leads on from where it came", () => {
  const from = targetOf({ port: 8080, path: "/a/b?c" }, container, "10.0.0.1");
  const cases: readonly (readonly [location: string, text: string | undefined])[] = [
    ["x", "http://10.0.0.1:8080/a/x"],
    ["/x?y", "http://10.0.0.1:8080/x?y"],
    ["https://10.0.0.1/x", "https://10.0.0.1/x"],
    ["//other:1/", "http://other:1/"],
    ["http://a b/", undefined],
    ["ftp://10.0.0.1/", undefined],
  ];
  for (const [location, text] of cases) assert.equal(redirected(from, location)?.text, text);
  assert.equal(redirected(from, "https://[::1]/x")?.host, "::1");
  assert.equal(redirected(from, "https://10.0.0.1/x")?.port, 443);
});

test("headers are those of the spec, and who asks", () => {
  assert.deepEqual(probeHeaders(undefined, "kube-probe/1.36"), {
    host: undefined,
    values: { "User-Agent": ["kube-probe/1.36"], Accept: ["*/*"] },
  });
  const list = [
    { name: "host", value: "example.com" },
    { name: "X-a", value: "1" },
    { name: "x-A", value: "2" },
    { name: "accept", value: "" },
    { name: "user-agent", value: "me" },
    { name: "content-length", value: "7" },
  ];
  assert.deepEqual(probeHeaders(list, "kube-probe/1.36"), {
    host: "example.com",
    values: { "X-A": ["1", "2"], "User-Agent": ["me"] },
  });
});
