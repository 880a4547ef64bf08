import { strict as assert } from "node:assert";
import { test } from "node:test";
import { KubeconfigError, readKubeconfig } from "./kubeconfig.ts";

const config = (user: string, cluster = "") => `
apiVersion: v1
kind: Config
current-context: here
clusters:
- name: c
  cluster:
    server: https://10.0.0.1:6443
${cluster}
users:
- name: u
  user:
${user}
contexts:
- name: here
  context: {cluster: c, user: u, namespace: shop}
- name: anonymous
  context: {cluster: c}
`;

test("certificates come out of the file or out of files beside it", async () => {
  const text = config(
    `    client-certificate-data: ${btoa("CERT")}\n    client-key: /keys/u`,
    `    certificate-authority-data: ${btoa("CA")}\n    tls-server-name: api`,
  );
  const context = await readKubeconfig(text, { readFile: async (path) => `file ${path}` });
  assert.deepEqual(context, {
    name: "here",
    namespace: "shop",
    connection: {
      server: "https://10.0.0.1:6443",
      authority: "CA",
      certificate: "CERT",
      privateKey: "file /keys/u",
      serverName: "api",
    },
  });
});

test("tokens and passwords become the authorization header", async () => {
  assert.equal((await readKubeconfig(config("    token: abc"))).authorization, "Bearer abc");
  assert.equal(
    (await readKubeconfig(config("    username: a\n    password: b"))).authorization,
    `Basic ${btoa("a:b")}`,
  );
});

test("a password may have characters beyond Latin 1, which go out as UTF-8", async () => {
  const { authorization } = await readKubeconfig(config("    username: a\n    password: pässwört€"));
  assert.equal(authorization, `Basic ${Buffer.from("a:pässwört€").toString("base64")}`);
});

test("another context can be chosen", async () => {
  const { connection, namespace } = await readKubeconfig(config("    token: abc"), { context: "anonymous" });
  assert.deepEqual([connection.server, namespace], ["https://10.0.0.1:6443", ""]);
});

for (const [why, text, options] of [
  ["kubeconfig does not parse", "a: [", {}],
  ["kubeconfig is not a mapping", "- a", {}],
  ["kubeconfig has no current context", "a: b", {}],
  ['kubeconfig has no entry "there" in contexts', config("    token: x"), { context: "there" }],
  ["user u needs a credential plugin", config("    exec: {command: x}"), {}],
] as const) {
  test(`a kubeconfig is refused: ${why}`, async () => {
    await assert.rejects(readKubeconfig(text, options), (error) => {
      assert.ok(error instanceof KubeconfigError);
      assert.ok(error.message.startsWith(why), error.message);
      return true;
    });
  });
}
