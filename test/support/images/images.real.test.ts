import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../cluster-under-test.ts";
import { skipUnlessReal } from "../machine.ts";
import { createTestNamespace, type TestNamespace } from "../network-namespace.ts";
import { startContainerd, type PrivateContainerd } from "../private-containerd.ts";
import { get, requestLoop } from "../requests.ts";
import { startRegistry, type TestRegistry } from "../registry.ts";

/** Sends one datagram to port 9000 and prints the answer. */
const ASK_BY_UDP = `use IO::Socket::INET;
my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:9000", Proto => "udp");
$socket->send("hostname"); alarm 10; $socket->recv(my $text, 100); print $text;`;

const skip = await skipUnlessReal();

test("containerd pulls and runs the test images", { skip }, async (t) => {
  let namespace: TestNamespace;
  let registry: TestRegistry;
  let containerd: PrivateContainerd;
  before(async () => {
    namespace = await createTestNamespace();
    registry = await startRegistry(namespace);
    containerd = await startContainerd(namespace);
  });
  after(async () => {
    await containerd?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
  });

  const pull = (name: string) => containerd.ctr("images", "pull", "--plain-http", `${registry.host}/${name}`);
  const start = (id: string, image: string, ...command: string[]) =>
    containerd.ctr("run", "--detach", "--net-host", `${registry.host}/${image}`, id, ...command);
  const answer = (url: string) => get(namespace, url);
  const end = async (id: string) => {
    await containerd.ctr("tasks", "kill", "--signal", "SIGKILL", id).catch(() => {});
    await eventually(`the end of ${id}`, async () => (await containerd.ctr("tasks", "delete", id)) !== undefined);
    await containerd.ctr("containers", "delete", id);
  };

  await t.test("busybox has a shell and its tools", async () => {
    await pull("library/busybox:1.36");
    const said = await containerd.ctr(
      ...["run", "--rm", `${registry.host}/library/busybox:1.36`, "tools"],
      ...["sh", "-c", "id -un; echo a b | awk '{print $2}'"],
    );
    assert.equal(said, "root\nb\n");
  });

  await t.test("nginx greets on port 80, and tells which image it is of", async () => {
    await pull("library/nginx:1.29");
    await start("web", "library/nginx:1.29");
    const page = await eventually("nginx", () => answer("http://127.0.0.1:80/"));
    assert.match(page, /Welcome to nginx!/);
    assert.equal(await answer("http://127.0.0.1/version"), "1.29\n");
    await end("web");
  });

  await t.test("httpd answers on port 80", async () => {
    await pull("library/httpd:2.4");
    await start("httpd", "library/httpd:2.4");
    assert.match(await eventually("httpd", () => answer("http://127.0.0.1:80/")), /It works!/);
    await end("httpd");
  });

  await t.test(
    "the server tells its name over HTTP and UDP, drains on SIGTERM and finishes what it is at",
    async () => {
      await pull("test/server:2");
      await start("server", "test/server:2", "/usr/bin/server", "--udp=9000", "--drain=0.2", "--name=alice");
      assert.equal(await eventually("the server", () => answer("http://127.0.0.1:8080/hostname")), "alice");
      assert.equal(await answer("http://127.0.0.1:8080/version"), "2");
      assert.equal(await namespace.must("perl", ["-e", ASK_BY_UDP]), "alice");
      assert.equal(await answer("http://127.0.0.1:8080/set?ready=0"), "ready=0 live=1");
      await assert.rejects(answer("http://127.0.0.1:8080/readyz"), /503/);
      // Asked all the time: one that is started for each question may come when all is over.
      const waiting = requestLoop(namespace, "http://127.0.0.1:8080/waiting", { parallel: 1, pauseMs: 10 });
      await waiting.more(1);
      const slow = answer("http://127.0.0.1:8080/slow?ms=3000");
      await eventually("the slow request", () => Promise.resolve(waiting.soFar().bodies.has("1")));
      await containerd.ctr("tasks", "kill", "--signal", "SIGTERM", "server");
      assert.equal(await slow, "slow");
      await waiting.stop();
      await end("server");
    },
  );

  await t.test("an image whose bytes are not what its digest says is not taken", async () => {
    await assert.rejects(pull("test/corrupt:1"), /unexpected commit digest|failed to extract|digest/);
  });

  await t.test("an image for other machines is not taken", async () => {
    await assert.rejects(pull("test/foreign:1"), /no match for platform/);
  });
});
