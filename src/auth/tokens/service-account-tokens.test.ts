import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPair } from "jose";
import { createRandom, createVirtualClock } from "#base";
import { StatusError, type KubeObject } from "#objects";
import { createServiceAccountTokens } from "./service-account-tokens.ts";

const account: KubeObject = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "builder", namespace: "ci", uid: "u1" },
};

/** `offset`: how far the wall clock was set, in milliseconds. */
async function setUp(offset = () => 0) {
  const virtual = createVirtualClock();
  const clock = { ...virtual, now: () => virtual.now() + offset() };
  const objects = new Map<string, KubeObject>([
    ["serviceaccounts/builder", account],
    ["pods/p", { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "ci", uid: "u2" } }],
  ]);
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const tokens = createServiceAccountTokens({
    privateKey,
    publicKey,
    keyId: "k",
    issuer: "https://kubernetes.default.svc.cluster.local",
    clock,
    random: createRandom(1),
    find: (resource, { name }) => Promise.resolve(objects.get(`${resource}/${name}`)),
  });
  return { clock, objects, tokens };
}

test("a token says whose it is, until it expires", async () => {
  const { clock, tokens } = await setUp();
  const { token, expirationTimestamp } = await tokens.issue(account, { expirationSeconds: 700 });
  assert.equal(Date.parse(expirationTimestamp) - clock.now(), 700_000);
  const user = await tokens.verify(token);
  assert.equal(user?.username, "system:serviceaccount:ci:builder");
  assert.deepEqual(user?.groups, ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"]);
  await clock.advance(759_000);
  assert.ok(await tokens.verify(token), "for a minute more, as upstream");
  await clock.advance(1_000);
  assert.equal(await tokens.verify(token), undefined);
});

test("a token holds though the clock was set back a little since", async () => {
  let offset = 0;
  const { clock, tokens } = await setUp(() => offset);
  await clock.advance(1_234);
  const { token } = await tokens.issue(account, {});
  offset = -60_000;
  assert.ok(await tokens.verify(token));
  offset = -62_000;
  assert.equal(await tokens.verify(token), undefined);
});

test("a token dies with its account and with the pod it is bound to", async () => {
  const { objects, tokens } = await setUp();
  const plain = await tokens.issue(account, {});
  const bound = await tokens.issue(account, { boundObjectRef: { kind: "Pod", name: "p" } });
  assert.deepEqual((await tokens.verify(bound.token))?.extra?.["authentication.kubernetes.io/pod-name"], ["p"]);
  objects.delete("pods/p");
  assert.equal(await tokens.verify(bound.token), undefined);
  assert.ok(await tokens.verify(plain.token));
  objects.set("serviceaccounts/builder", { ...account, metadata: { ...account.metadata, uid: "another" } });
  assert.equal(await tokens.verify(plain.token), undefined);
});

test("a token for another audience, a changed one and nonsense do not hold", async () => {
  const { tokens } = await setUp();
  const { token } = await tokens.issue(account, { audiences: ["vault"] });
  assert.equal(await tokens.verify(token), undefined);
  const good = (await tokens.issue(account, {})).token;
  const [head, , signature] = good.split(".");
  const forged = Buffer.from(JSON.stringify({ sub: "system:admin" })).toString("base64url");
  assert.equal(await tokens.verify(`${head}.${forged}.${signature}`), undefined);
  assert.equal(await tokens.verify("nonsense"), undefined);
});

test("what cannot be granted is refused in upstream's words", async () => {
  const { tokens } = await setUp();
  const refused = async (spec: object, text: RegExp) =>
    assert.rejects(tokens.issue(account, spec), (error) => error instanceof StatusError && text.test(error.message));
  await refused(
    { expirationSeconds: 60 },
    /spec\.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/,
  );
  await refused(
    { boundObjectRef: { kind: "ConfigMap", name: "x" } },
    /cannot bind token for serviceaccount to this type of object/,
  );
  await refused({ boundObjectRef: { kind: "Pod", name: "gone" } }, /pods "gone" not found/);
  await refused({ boundObjectRef: { kind: "Pod", name: "p", uid: "old" } }, /does not match the UID in record/);
});
