import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBase64 } from "#base";
import { SECRETS, SERVICE_ACCOUNTS, type New, type Secret, type ServiceAccount } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { serviceAccountTokenController } from "./controller.ts";

const controllers = () => [
  serviceAccountTokenController({
    authority: "the authority",
    signToken: ({ metadata }, secretName) => Promise.resolve(`${secretName} of ${metadata.name} ${metadata.uid}`),
  }),
];

const robot: New<ServiceAccount> = { metadata: { namespace: "ci", name: "robot" } };
const token = (name: string, account = "robot", more: Partial<New<Secret>> = {}): New<Secret> => ({
  metadata: { namespace: "ci", name, annotations: { "kubernetes.io/service-account.name": account } },
  type: "kubernetes.io/service-account-token",
  ...more,
});
const at = (name: string) => ({ namespace: "ci", name });

test("a Secret that names an account is filled in, with its own token", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  const { uid } = (await client.create(SERVICE_ACCOUNTS, robot)).metadata;
  for (const name of ["a", "b"]) await client.create(SECRETS, token(name, "robot", { data: { mine: "bWluZQ==" } }));
  await world.settle();
  for (const name of ["a", "b"]) {
    const { data = {}, metadata } = await client.get(SECRETS, at(name));
    assert.equal(metadata.annotations?.["kubernetes.io/service-account.uid"], uid);
    assert.deepEqual(Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decodeBase64(value)])), {
      mine: "mine",
      "ca.crt": "the authority",
      namespace: "ci",
      token: `${name} of robot ${uid}`,
    });
  }
});

test("a token that the user takes out is made anew", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  await client.create(SERVICE_ACCOUNTS, robot);
  await client.create(SECRETS, token("a"));
  await world.settle();
  await client.patch(SECRETS, at("a"), { type: "merge", body: { data: { token: null } } });
  await world.settle();
  assert.match(decodeBase64((await client.get(SECRETS, at("a"))).data?.["token"] ?? ""), /^a of robot/);
});

test("a Secret of an account that is not there is deleted, and other Secrets are not touched", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  await client.create(SECRETS, token("a"));
  const opaque = await client.create(SECRETS, token("b", "robot", { type: "Opaque" }));
  await world.settle();
  assert.deepEqual(client.all(SECRETS), [opaque]);
});

test("Secrets go with their account, those of others stay", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  for (const name of ["robot", "other"]) {
    await client.create(SERVICE_ACCOUNTS, { metadata: at(name) });
    await client.create(SECRETS, token(`of-${name}`, name));
    await client.create(SECRETS, token(`also-of-${name}`, name));
  }
  await world.settle();
  await client.delete(SERVICE_ACCOUNTS, at("robot"));
  await world.settle();
  const left = client.all(SECRETS).map(({ metadata }) => metadata.name);
  assert.deepEqual(new Set(left), new Set(["also-of-other", "of-other"]));
});

test("a Secret does not pass on to an account that takes the name of the one before", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  await client.create(SERVICE_ACCOUNTS, robot);
  await client.create(SECRETS, token("a"));
  await world.settle();
  client.remove(SERVICE_ACCOUNTS, at("robot"));
  await client.create(SERVICE_ACCOUNTS, robot);
  await world.settle();
  assert.deepEqual(client.all(SECRETS), []);
});

test("a Secret whose account the cache does not show stays until the API says that there is none", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  let asked = 0;
  client.before = (verb, { resource }) => {
    if (verb === "get" && resource === "serviceaccounts" && asked++ === 0) throw new Error("the API does not answer");
  };
  await client.create(SECRETS, token("a"));
  await world.settle(1);
  assert.equal(asked, 1);
  assert.equal(client.all(SECRETS).length, 1);
  await world.settle(60_000);
  assert.equal(asked, 2);
  assert.deepEqual(client.all(SECRETS), []);
});

test("an account loses its reference to a Secret that is deleted", async () => {
  await using world = await createTestWorld(controllers());
  const { client } = world;
  const secrets = [{ name: "a" }, { name: "b" }];
  await client.create(SERVICE_ACCOUNTS, { ...robot, secrets });
  for (const name of ["a", "b"]) await client.create(SECRETS, token(name));
  await world.settle();
  await client.delete(SECRETS, at("a"));
  await world.settle();
  assert.deepEqual((await client.get(SERVICE_ACCOUNTS, at("robot"))).secrets, [{ name: "b" }]);
  await client.delete(SECRETS, at("b"));
  await world.settle();
  assert.equal((await client.get(SERVICE_ACCOUNTS, at("robot"))).secrets, undefined);
});
