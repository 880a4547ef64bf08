import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { createConnection } from "node:net";
import { after, describe, test } from "node:test";
import { ENDPOINT_SLICES, SERVICES } from "#objects";
import { startDns, type DnsServer } from "./index.ts";
import { askTcp, askUdp, codeOf, queryBytes, read } from "./testing/ask.ts";
import { createTestCluster, fillTestCluster, type TestCluster } from "./testing/cluster.ts";

const D = "default.svc.cluster.local";

async function start(cluster: TestCluster, upstreams: Parameters<typeof startDns>[0]["upstreams"] = []) {
  const server = await startDns({ ...cluster, listen: { address: "127.0.0.1", port: 0 }, upstreams });
  await cluster.caches.whenSynced();
  return server;
}

/** c-ares, as most clients have it. */
function resolverOf({ port }: DnsServer): Resolver {
  const resolver = new Resolver({ tries: 1, timeout: 3000 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

const failure = (work: Promise<unknown>) =>
  work.then(
    (found) => `found ${JSON.stringify(found)}`,
    (error: NodeJS.ErrnoException) => error.code,
  );

describe("a real client", async () => {
  const cluster = await createTestCluster();
  await fillTestCluster(cluster);
  after(() => cluster.scope.close());
  const server = await start(cluster);
  const dns = resolverOf(server);

  test("finds Services, and follows their changes", async () => {
    assert.deepEqual(await dns.resolve4(`web.${D}`, { ttl: true }), [{ address: "10.96.0.5", ttl: 30 }]);
    assert.deepEqual(await dns.resolve6(`dual.${D}`), ["fd00::6"]);
    assert.equal(await failure(dns.resolve4(`late.${D}`)), "ENOTFOUND");
    const before = cluster.client.revision;
    await cluster.service("late", { clusterIP: "10.96.0.77", clusterIPs: ["10.96.0.77"], ports: [{ port: 1 }] });
    await cluster.caches.of(SERVICES).whenSeen(before + 1);
    assert.deepEqual(await dns.resolve4(`late.${D}`), ["10.96.0.77"]);
  });

  test("finds ports, aliases, names of addresses and the version", async () => {
    const [srv] = await dns.resolveSrv(`_http._tcp.web.${D}`);
    assert.deepEqual(
      { ...srv, type: undefined },
      { name: `web.${D}`, port: 80, priority: 0, weight: 100, type: undefined },
    );
    assert.deepEqual(await dns.resolveCname(`outside.${D}`), ["www.example.org"]);
    assert.deepEqual(await dns.resolve4(`inside.${D}`), ["10.96.0.5"]);
    assert.deepEqual(await dns.reverse("10.96.0.5"), [`web.${D}`]);
    assert.deepEqual(await dns.resolveTxt("dns-version.cluster.local"), [["1.1.0"]]);
    assert.equal((await dns.resolveSoa("cluster.local")).minttl, 30);
    assert.equal(await failure(dns.resolve6(`web.${D}`)), "ENODATA");
    assert.equal(await failure(dns.resolve4("www.example.org")), "ESERVFAIL", "there is no resolver outside");
  });

  test("gets headless addresses in any order", async () => {
    const orders = new Set<string>();
    // So often that chance leaves none out.
    for (let i = 0; i < 300 && orders.size < 6; i++) orders.add((await dns.resolve4(`db.${D}`)).join());
    assert.equal(orders.size, 6, "three addresses have six orders");
  });

  test("gets all of a large answer, over TCP", async () => {
    const endpoints = Array.from({ length: 200 }, (_, i) => ({ addresses: [`10.244.1.${i}`] }));
    await cluster.service("large", { clusterIP: "None", clusterIPs: ["None"] });
    await cluster.slice("large", { endpoints });
    await cluster.caches.of(ENDPOINT_SLICES).whenSeen(cluster.client.revision);
    assert.equal((await dns.resolve4(`large.${D}`)).length, 200);
  });

  test("is served without an error in the log", () => assert.deepEqual(cluster.errors, []));
});

describe("on the wire", async () => {
  const cluster = await createTestCluster();
  await fillTestCluster(cluster);
  after(() => cluster.scope.close());
  const { port } = await start(cluster);

  test("the question comes back as it was asked, with what it asked for", async () => {
    const message = read(await askUdp(port, queryBytes(`WeB.${D}`, "A", { id: 4711, size: 1232 })));
    assert.deepEqual(
      [message.id, message.questions?.[0]?.name, message.answers?.[0]?.name],
      [4711, `WeB.${D}`, `WeB.${D}`],
    );
    assert.deepEqual([message.flag_aa, message.flag_rd, message.flag_tc], [true, true, false]);
    assert.equal(message.additionals?.[0]?.type, "OPT");
  });

  test("many queries on one connection are all answered, though the asker has stopped sending", async () => {
    const queries = Array.from({ length: 200 }, (_, id) => queryBytes(`web.${D}`, "A", { id }));
    const ids = (await askTcp(port, queries)).map((message) => message.readUInt16BE(0));
    assert.deepEqual(
      ids.sort((a, b) => a - b),
      queries.map((_, id) => id),
    );
  });

  test("a client that sends malformed packets gets an error or nothing, and other clients are served", async () => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    socket.write(Buffer.alloc(3000, 0xff));
    assert.equal(codeOf(await askUdp(port, Buffer.from("000701000001000000000000ffff", "hex"))), 1);
    assert.equal(codeOf(await askUdp(port, queryBytes(`web.${D}`, "A"))), 0);
    socket.destroy();
  });

  test("when the port is taken, nothing is left behind", async () => {
    await assert.rejects(startDns({ ...cluster, listen: { address: "127.0.0.1", port }, upstreams: [] }), /EADDRINUSE/);
  });
});
