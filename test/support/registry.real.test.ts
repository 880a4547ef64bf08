import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./cluster-under-test.ts";
import { skipUnlessReal } from "./machine.ts";
import { createTestNamespace } from "./network-namespace.ts";
import { startContainerd } from "./private-containerd.ts";
import { startRegistry } from "./registry.ts";

const skip = await skipUnlessReal();

test("a registry gives its images to containerd", { skip }, async (t) => {
  await using namespace = await createTestNamespace();
  await using containerd = await startContainerd(namespace);

  await t.test("freely, under every tag, and again after a stop", async () => {
    await using registry = await startRegistry(namespace);
    registry.tag("library/busybox:1.36", "team/tool:7");
    await containerd.ctr("images", "pull", "--plain-http", `${registry.host}/team/tool:7`);
    await eventually("its log", () => Promise.resolve(/team\/tool\/manifests\/7/.test(registry.log())));
    await registry.stop();
    await assert.rejects(
      containerd.ctr("images", "pull", "--plain-http", `${registry.host}/library/busybox:latest`),
      /connection refused/,
    );
    await registry.start();
    await containerd.ctr("images", "pull", "--plain-http", `${registry.host}/library/busybox:latest`);
  });

  await t.test("by password only, when it has one", async () => {
    const credentials = { username: "alice", password: "a secret: with colons" };
    await using registry = await startRegistry(namespace, { port: 5001, credentials });
    const image = `${registry.host}/library/busybox:latest`;
    const pull = (...args: string[]) => containerd.ctr("images", "pull", "--plain-http", ...args, image);
    await assert.rejects(pull(), /authorization failed|401/);
    await assert.rejects(pull("--user", "alice:wrong"), /authorization failed|401/);
    await pull("--user", `${credentials.username}:${credentials.password}`);
  });

  await t.test("over TLS, to clients who know its authority", async () => {
    await using registry = await startRegistry(namespace, { port: 5002, tls: true });
    const image = `${registry.host}/library/busybox:latest`;
    await assert.rejects(containerd.ctr("images", "pull", image), /x509|certificate/);
    await containerd.ctr("images", "pull", "--tlscacert", registry.ca!.file, image);
  });
});
