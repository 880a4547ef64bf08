import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPair, SignJWT } from "jose";
import { createRandom, createVirtualClock } from "#base";
import { StatusError, type KubeObject } from "#objects";
import { API_AUDIENCES, ISSUER, type TokenAnswer } from "#auth";
import { createServiceAccountTokens } from "./service-account-tokens.ts";

const account: KubeObject = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "builder", namespace: "ci", uid: "u1" },
};

const pod = (spec: object, name = "p") =>
  ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "ci", uid: "u2" }, spec }) as KubeObject;

/** `offset`: how far the wall clock was set, in milliseconds. */
async function setUp(offset = () => 0) {
  const virtual = createVirtualClock();
  const clock = { ...virtual, now: () => virtual.now() + offset() };
  const objects = new Map<string, KubeObject>([
    ["serviceaccounts/builder", account],
    ["pods/p", pod({ serviceAccountName: "builder", nodeName: "n" })],
    ["pods/other", pod({ serviceAccountName: "default" }, "other")],
    ["nodes/n", { apiVersion: "v1", kind: "Node", metadata: { name: "n", uid: "u9" } }],
  ]);
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const tokens = createServiceAccountTokens({
    privateKey,
    publicKey,
    keyId: "k",
    issuer: ISSUER,
    clock,
    random: createRandom(1),
    find: (resource, { name, namespace }) =>
      Promise.resolve((resource === "nodes") === (namespace === "") ? objects.get(`${resource}/${name}`) : undefined),
    markUsed: () => Promise.resolve(),
  });
  const verify = (token: string, audiences = API_AUDIENCES) => tokens.verify(token, audiences);
  return { clock, objects, tokens, verify, privateKey };
}

const userOf = (answer: TokenAnswer) => {
  assert.ok(answer.type === "user", JSON.stringify(answer));
  return answer.user;
};
const refused = (reason: string): TokenAnswer => ({ type: "refused", reason });

test("a token says whose it is, until it expires", async () => {
  const { clock, tokens, verify } = await setUp();
  const { token, expirationTimestamp } = await tokens.issue(account, { expirationSeconds: 700 });
  assert.equal(Date.parse(expirationTimestamp) - clock.now(), 700_000);
  const user = userOf(await verify(token));
  assert.equal(user.username, "system:serviceaccount:ci:builder");
  assert.deepEqual(user.groups, ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"]);
  await clock.advance(760_000);
  userOf(await verify(token));
  await clock.advance(1);
  assert.deepEqual(await verify(token), refused("service account token has expired"));
});

test("a token holds though the clock was set back a little since", async () => {
  let offset = 0;
  const { clock, tokens, verify } = await setUp(() => offset);
  await clock.advance(1_234);
  const { token } = await tokens.issue(account, {});
  offset = -60_000;
  userOf(await verify(token));
  offset = -62_000;
  assert.deepEqual(await verify(token), refused("service account token is not valid yet"));
});

test("a token dies with its account and with the pod it is bound to", async () => {
  const { clock, objects, tokens, verify } = await setUp();
  const plain = await tokens.issue(account, {});
  const bound = await tokens.issue(account, { boundObjectRef: { kind: "Pod", name: "p" } });
  assert.deepEqual(userOf(await verify(bound.token)).extra?.["authentication.kubernetes.io/pod-name"], ["p"]);

  const pod = objects.get("pods/p")!;
  objects.set("pods/p", { ...pod, metadata: { ...pod.metadata, uid: "u3" } });
  assert.deepEqual(
    await verify(bound.token),
    refused("pod UID (u3) does not match service account pod ref claim (u2)"),
  );
  const deletionTimestamp = new Date(clock.now()).toISOString();
  objects.set("pods/p", { ...pod, metadata: { ...pod.metadata, deletionTimestamp } });
  userOf(await verify(bound.token));
  await clock.advance(60_001);
  assert.deepEqual(await verify(bound.token), refused("service account token has been invalidated"));
  objects.delete("pods/p");
  assert.deepEqual(await verify(bound.token), refused("service account token has been invalidated"));

  userOf(await verify(plain.token));
  objects.set("serviceaccounts/builder", { ...account, metadata: { ...account.metadata, deletionTimestamp } });
  assert.deepEqual(await verify(plain.token), refused("service account ci/builder has been deleted"));
  objects.set("serviceaccounts/builder", { ...account, metadata: { ...account.metadata, uid: "another" } });
  assert.deepEqual(await verify(plain.token), refused("service account UID (another) does not match claim (u1)"));
  objects.delete("serviceaccounts/builder");
  assert.deepEqual(await verify(plain.token), refused('serviceaccounts "builder" not found'));
});

test("a token that is bound to a node says so and dies with it, one of a pod only tells the node", async () => {
  const { clock, objects, tokens, verify } = await setUp();
  const extra = async (token: string) => {
    const { "authentication.kubernetes.io/credential-id": _, ...rest } = userOf(await verify(token)).extra ?? {};
    return rest;
  };
  const ofNode = await tokens.issue(account, { boundObjectRef: { apiVersion: "v1", kind: "Node", name: "n" } });
  const ofPod = await tokens.issue(account, { boundObjectRef: { kind: "Pod", name: "p" } });
  const told = {
    "authentication.kubernetes.io/node-name": ["n"],
    "authentication.kubernetes.io/node-uid": ["u9"],
  };
  const podTold = {
    "authentication.kubernetes.io/pod-name": ["p"],
    "authentication.kubernetes.io/pod-uid": ["u2"],
  };
  assert.deepEqual(await extra(ofNode.token), told);
  assert.deepEqual(await extra(ofPod.token), { ...podTold, ...told });

  const node = objects.get("nodes/n")!;
  objects.set("nodes/n", { ...node, metadata: { ...node.metadata, uid: "u10" } });
  assert.deepEqual(
    await verify(ofNode.token),
    refused("node UID (u10) does not match service account node ref claim (u9)"),
  );
  const deletionTimestamp = new Date(clock.now()).toISOString();
  objects.set("nodes/n", { ...node, metadata: { ...node.metadata, deletionTimestamp } });
  assert.deepEqual(await extra(ofNode.token), told);
  await clock.advance(60_001);
  assert.deepEqual(await verify(ofNode.token), refused("service account token has been invalidated"));
  objects.delete("nodes/n");
  assert.deepEqual(await verify(ofNode.token), refused("service account token has been invalidated"));
  assert.deepEqual(await extra(ofPod.token), { ...podTold, ...told });
  const withoutNode = await tokens.issue(account, { boundObjectRef: { kind: "Pod", name: "p" } });
  assert.deepEqual(await extra(withoutNode.token), { ...podTold, "authentication.kubernetes.io/node-name": ["n"] });
});

test("a token is for its audiences alone, and says for which of those that are asked about", async () => {
  const { tokens, verify } = await setUp();
  const { token } = await tokens.issue(account, { audiences: ["vault", "db"] });
  assert.deepEqual(
    await verify(token),
    refused(`token audiences ["vault" "db"] is invalid for the target audiences ["${ISSUER}"]`),
  );
  const answer = await verify(token, ["web", "db", "vault"]);
  assert.deepEqual(answer.type === "user" && answer.audiences, ["db", "vault"]);
});

test("a changed token, one of another key and nonsense do not hold", async () => {
  const { tokens, verify, privateKey } = await setUp();
  const good = (await tokens.issue(account, {})).token;
  const [head, , signature] = good.split(".");
  const forged = Buffer.from(JSON.stringify({ sub: "system:admin", iss: ISSUER })).toString("base64url");
  assert.deepEqual(
    await verify(`${head}.${forged}.${signature}`),
    refused("go-jose/go-jose: error in cryptographic primitive"),
  );
  const of = (kid: string, issuer: string) =>
    new SignJWT({}).setProtectedHeader({ alg: "ES256", kid }).setIssuer(issuer).setAudience(ISSUER).sign(privateKey);
  assert.deepEqual(await verify(await of("other", ISSUER)), refused("invalid signature, no keys found"));
  assert.deepEqual(await verify(await of("k", "https://else.where")), { type: "unknown" });
  for (const nonsense of ["nonsense", "a.b.c", "..", `${head}.${forged}`]) {
    assert.deepEqual(await verify(nonsense), { type: "unknown" }, nonsense);
  }
});

test("what cannot be granted is refused in upstream's words", async () => {
  const { tokens } = await setUp();
  const refuses = async (spec: object, text: RegExp) =>
    assert.rejects(tokens.issue(account, spec), (error) => error instanceof StatusError && text.test(error.message));
  await refuses(
    { expirationSeconds: 60 },
    /spec\.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/,
  );
  await refuses(
    { boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" } },
    /^cannot bind token to object of type \/v1, Kind=ConfigMap$/,
  );
  await refuses(
    { boundObjectRef: { apiVersion: "apps/v1", kind: "Pod", name: "p" } },
    /^cannot bind token to object of type apps\/v1, Kind=Pod$/,
  );
  await refuses(
    { boundObjectRef: { kind: "Pod", name: "other" } },
    /^cannot bind token for serviceaccount "builder" to pod running with different serviceaccount name\.$/,
  );
  await refuses({ boundObjectRef: { kind: "Node", name: "gone" } }, /^nodes "gone" not found$/);
  await refuses(
    { boundObjectRef: { kind: "Node", name: "n", uid: "old" } },
    /^Operation cannot be fulfilled on Node "n": the UID in the bound object reference \(old\) does not match/,
  );
  await refuses({ boundObjectRef: { kind: "Pod", name: "gone" } }, /pods "gone" not found/);
  await refuses({ boundObjectRef: { kind: "Pod", name: "p", uid: "old" } }, /does not match the UID in record/);
});
