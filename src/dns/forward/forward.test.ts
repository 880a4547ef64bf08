import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Answer } from "dns-packet";
import { createVirtualClock } from "#base";
import { startDns, type Upstream } from "../index.ts";
import { askUdp, codeOf, queryBytes, read } from "../testing/ask.ts";
import { createTestCluster, fillTestCluster, type TestCluster } from "../testing/cluster.ts";
import { startUpstream, type Say } from "../testing/upstream.ts";
import { parseResolvConf, withoutOurselves } from "./upstream.ts";

const a = (name: string, data: string, ttl = 60): Answer => ({ name, type: "A", class: "IN", ttl, data });
const cname = (name: string, data: string): Answer => ({ name, type: "CNAME", class: "IN", ttl: 60, data });

async function start(cluster: TestCluster, upstreams: readonly Upstream[]): Promise<number> {
  const { port } = await startDns({ ...cluster, listen: { address: "127.0.0.1", port: 0 }, upstreams });
  await cluster.caches.whenSynced();
  return port;
}

const brief = (message: Buffer) => [
  codeOf(message),
  ...(read(message).answers ?? []).map((r) => "data" in r && r.data),
];

describe("a question that the cluster does not answer", async () => {
  const cluster = await createTestCluster();
  await fillTestCluster(cluster);
  after(() => cluster.scope.close());
  const asked: string[] = [];
  const say: Say = ({ name, type }, transport) => {
    asked.push(`${transport} ${name} ${type}`);
    switch (name.toLowerCase()) {
      case "www.example.org":
        return { answers: type === "A" ? [cname(name, "cdn.example.net"), a("cdn.example.net", "192.0.2.7")] : [] };
      case "large.example.org":
        return transport === "udp" ? { truncated: true } : { answers: [a(name, "192.0.2.8"), a(name, "192.0.2.9")] };
      case "brief.example.org":
        return { answers: [a(name, "192.0.2.10", 0)] };
      case "none.example.org":
        return {
          code: 3,
          authorities: [{ name: "example.org", type: "SOA", ttl: 60, data: { mname: "a", rname: "b", minimum: 60 } }],
        };
      case "broken.example.org":
        return { code: 2 };
      default:
        return undefined;
    }
  };
  const port = await start(cluster, [await startUpstream(cluster.scope, say)]);
  const ask = async (name: string, type: "A" | "AAAA" = "A") => {
    asked.length = 0;
    return brief(await askUdp(port, queryBytes(name, type)));
  };

  test("is asked outside, and kept", async () => {
    assert.deepEqual(await ask("www.example.org"), [0, "cdn.example.net", "192.0.2.7"]);
    assert.deepEqual(asked, ["udp www.example.org A"]);
    assert.deepEqual(await ask("WWW.example.org"), [0, "cdn.example.net", "192.0.2.7"]);
    assert.deepEqual(asked, []);
    assert.deepEqual(await ask("none.example.org"), [3]);
    assert.deepEqual(await ask("none.example.org"), [3]);
    assert.deepEqual(asked, []);
  });
  test("is asked again over TCP when it was cut", async () => {
    assert.deepEqual(await ask("large.example.org"), [0, "192.0.2.8", "192.0.2.9"]);
    assert.deepEqual(asked, ["udp large.example.org A", "tcp large.example.org A"]);
  });
  test("is not kept when it may not be, nor when it is an error", async () => {
    for (const name of ["brief.example.org", "broken.example.org"]) {
      await ask(name);
      await ask(name);
      assert.deepEqual(asked, [`udp ${name} A`]);
    }
  });
  test("an alias in the cluster is followed there", async () => {
    assert.deepEqual(await ask("outside.default.svc.cluster.local"), [
      0,
      "www.example.org",
      "cdn.example.net",
      "192.0.2.7",
    ]);
    assert.deepEqual(await ask("outside.default.svc.cluster.local", "AAAA"), [0, "www.example.org"]);
  });
});

test("the first server that knows the name answers, and equal questions share one query", async () => {
  await using cluster = await createTestCluster();
  let questions = 0;
  const broken = await startUpstream(cluster.scope, () => ({ code: 2 }));
  const good = await startUpstream(cluster.scope, ({ name }) => {
    questions++;
    return { answers: [a(name, "192.0.2.1")] };
  });
  const absent = { address: "127.0.0.1", port: 9 };
  const port = await start(cluster, [broken, absent, good]);
  const found = await Promise.all(
    Array.from({ length: 20 }, (_, id) => askUdp(port, queryBytes("www.example.org", "A", { id }))),
  );
  for (const message of found) assert.deepEqual(brief(message), [0, "192.0.2.1"]);
  assert.equal(questions, 1);
});

test("a machine without a way to the upstream says so, and goes on", async () => {
  await using cluster = await createTestCluster();
  // No socket of ours may be connected to it, as none may without a route.
  const unreachable = { address: "255.255.255.255", port: 53 };
  const alone = await start(cluster, [unreachable]);
  assert.deepEqual(brief(await askUdp(alone, queryBytes("www.example.org", "A"))), [2]);
  const good = await startUpstream(cluster.scope, ({ name }) => ({ answers: [a(name, "192.0.2.1")] }));
  const both = await start(cluster, [unreachable, good]);
  assert.deepEqual(brief(await askUdp(both, queryBytes("www.example.org", "A"))), [0, "192.0.2.1"]);
});

test("an upstream that asks us back makes no storm: the question waits for itself, and fails", async () => {
  await using cluster = await createTestCluster();
  await fillTestCluster(cluster);
  const clock = createVirtualClock();
  const asksBack = Promise.withResolvers<void>();
  let asked = 0;
  let ours = 0;
  const back: Promise<unknown>[] = [];
  // As a stub resolver does that forwards to us: it answers when we do.
  const mirror = await startUpstream(cluster.scope, ({ name }) => {
    asked++;
    back.push(askUdp(ours, queryBytes(name, "A", { id: 8 })));
    asksBack.resolve();
    return undefined;
  });
  ours = await start({ ...cluster, clock }, [mirror]);
  const question = askUdp(ours, queryBytes("www.example.org", "A"));
  await asksBack.promise;
  // What was sent before this is in our hands once this is answered.
  assert.deepEqual(brief(await askUdp(ours, queryBytes("web.default.svc.cluster.local", "A"))), [0, "10.96.0.5"]);
  await clock.advance(2000);
  assert.deepEqual(brief(await question), [2]);
  await Promise.all(back);
  assert.equal(asked, 1);
});

test("the machine's resolvers are asked, each once, and never the cluster's DNS itself", () => {
  const text =
    "# a comment\nsearch example.org\nnameserver 192.0.2.1\n nameserver  fe80::1%eth0\nnameserver 192.0.2.1\nnameserver x\n";
  const servers = parseResolvConf(text);
  assert.deepEqual(
    servers.map(({ address }) => address),
    ["192.0.2.1", "fe80::1%eth0"],
  );
  assert.deepEqual(withoutOurselves(servers, [{ address: "192.0.2.1", port: 53 }]), servers.slice(1));
  assert.deepEqual(withoutOurselves(servers, [{ address: "192.0.2.1", port: 54 }]), servers);
});
