import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { createRandom, createVirtualClock, encodeBase64 } from "#base";
import { API_AUDIENCES, ISSUER, type TokenAnswer } from "#auth";
import { formatTime, type KubeObject, type Secret, type ServiceAccount } from "#objects";
import { createServiceAccountTokens } from "./service-account-tokens.ts";

const account: KubeObject = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "robot", namespace: "ci", uid: "u1" },
};

/** The account robot with the Secret s that keeps its token. */
async function setUp() {
  const clock = createVirtualClock();
  const objects = new Map<string, KubeObject>([["serviceaccounts/robot", account]]);
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const used: string[] = [];
  const tokens = createServiceAccountTokens({
    privateKey,
    publicKey,
    keyId: "k",
    issuer: ISSUER,
    clock,
    random: createRandom(1),
    find: (resource, { name }) => Promise.resolve(objects.get(`${resource}/${name}`)),
    markUsed: (secret, day) => Promise.resolve(void used.push(`${secret.metadata.name} ${day}`)),
  });
  const keep = (token: string, metadata: KubeObject["metadata"] = {}) => {
    const secret: Secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "ci", uid: "u2", ...metadata },
      type: "kubernetes.io/service-account-token",
      data: { token: encodeBase64(token) },
    };
    objects.set("secrets/s", secret);
  };
  const token = await tokens.issueForSecret(account, "s");
  keep(token);
  const sign = (claims: JWTPayload) =>
    new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey);
  const verify = (text = token, audiences = API_AUDIENCES) => tokens.verify(text, audiences);
  return { clock, objects, used, keep, token, sign, verify };
}

const refused = (reason: string): TokenAnswer => ({ type: "refused", reason });

test("the token that a Secret keeps says whose it is, for the API server and without an end", async () => {
  const { clock, token, verify } = await setUp();
  assert.deepEqual(decodeJwt(token), {
    iss: "kubernetes/serviceaccount",
    sub: "system:serviceaccount:ci:robot",
    "kubernetes.io/serviceaccount/namespace": "ci",
    "kubernetes.io/serviceaccount/secret.name": "s",
    "kubernetes.io/serviceaccount/service-account.name": "robot",
    "kubernetes.io/serviceaccount/service-account.uid": "u1",
  });
  await clock.advance(10 * 365 * 24 * 3_600_000);
  assert.deepEqual(await verify(), {
    type: "user",
    user: {
      username: "system:serviceaccount:ci:robot",
      uid: "u1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"],
    },
    audiences: API_AUDIENCES,
  });
  assert.deepEqual(
    await verify(token, ["vault"]),
    refused(`token audiences ["${ISSUER}"] is invalid for the target audiences ["vault"]`),
  );
});

test("it dies with its Secret, also while that is being deleted, and when the Secret keeps another token", async () => {
  const { clock, objects, keep, token, verify } = await setUp();
  keep(token, { deletionTimestamp: formatTime(clock.now()) });
  assert.deepEqual(await verify(), refused("Token has been invalidated"));
  keep(`${token}x`);
  assert.deepEqual(await verify(), refused("Token does not match server's copy"));
  objects.delete("secrets/s");
  assert.deepEqual(await verify(), refused("Token has been invalidated"));
});

test("it dies with its account, also while that is being deleted, and is not its successor's", async () => {
  const { clock, objects, verify } = await setUp();
  const put = (metadata: KubeObject["metadata"]) =>
    objects.set("serviceaccounts/robot", { ...account, metadata: { ...account.metadata, ...metadata } });
  put({ deletionTimestamp: formatTime(clock.now()) });
  assert.deepEqual(await verify(), refused("ServiceAccount ci/robot has been deleted"));
  put({ uid: "u9" });
  assert.deepEqual(await verify(), refused("ServiceAccount UID (u9) does not match claim (u1)"));
  objects.delete("serviceaccounts/robot");
  assert.deepEqual(await verify(), refused('serviceaccounts "robot" not found'));
});

test("claims that lack or contradict each other do not hold, though they are signed", async () => {
  const { token, sign, verify } = await setUp();
  const { sub, ...claims } = decodeJwt(token);
  const NAMES = "kubernetes.io/serviceaccount/";
  for (const [changed, reason] of [
    [{ ...claims }, "sub claim is missing"],
    [{ ...claims, sub, [`${NAMES}namespace`]: "" }, "namespace claim is missing"],
    [{ ...claims, sub, [`${NAMES}secret.name`]: undefined }, "secretName claim is missing"],
    [{ ...claims, sub, [`${NAMES}service-account.name`]: 7 }, "serviceAccountName claim is missing"],
    [{ ...claims, sub, [`${NAMES}service-account.uid`]: "" }, "serviceAccountUID claim is missing"],
    [{ ...claims, sub: "system:serviceaccount:ci:admin" }, "sub claim is invalid"],
    [{ ...claims, sub: "admin" }, "sub claim is invalid"],
  ] as const) {
    assert.deepEqual(await verify(await sign(changed as JWTPayload)), refused(reason));
  }
});

test("its use is noted once a day", async () => {
  const { clock, used, keep, token, verify } = await setUp();
  const day = (ms = 0) => formatTime(clock.now() + ms).slice(0, 10);
  await verify();
  assert.deepEqual(used, [`s ${day()}`]);
  const LAST_USED = "kubernetes.io/legacy-token-last-used";
  for (const known of [day(), day(24 * 3_600_000)]) {
    keep(token, { labels: { [LAST_USED]: known } });
    await verify();
  }
  assert.equal(used.length, 1);
  await clock.advance(2 * 24 * 3_600_000);
  await verify();
  assert.deepEqual(used.slice(1), [`s ${day()}`]);
});

test("it does not hold while its Secret is marked invalid", async () => {
  const { keep, token, verify } = await setUp();
  keep(token, { labels: { "kubernetes.io/legacy-token-invalid-since": "2026-01-01" } });
  const answer = await verify();
  assert.ok(answer.type === "refused");
  assert.match(answer.reason, /^the token in secret ci\/s for service account ci\/robot has been marked invalid\. /);
});

test("the client is warned of a token that its account lists, as those made by a controller were", async () => {
  const { objects, verify } = await setUp();
  const warningsOf = async () => {
    const answer = await verify();
    return answer.type === "user" ? answer.warnings : undefined;
  };
  assert.equal(await warningsOf(), undefined);
  const listing: ServiceAccount = { ...account, secrets: [{ name: "s" }] };
  objects.set("serviceaccounts/robot", listing);
  assert.deepEqual(await warningsOf(), [
    "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.",
  ]);
});
