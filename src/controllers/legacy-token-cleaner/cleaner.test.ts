import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CONFIG_MAPS, PODS, SECRETS, SERVICE_ACCOUNTS, type Pod, type Secret, type ServiceAccount } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld } from "../testing/world.ts";
import { legacyTokenTracker } from "../legacy-token-tracking/controller.ts";
import { legacyTokenCleaner } from "./controller.ts";
import { secretNamesOf } from "./mounted.ts";
import { INVALID_SINCE, LAST_USED, planCleaning, type CleanerView } from "./plan.ts";

const NOW = Date.parse("2026-06-15T12:00:00Z");
const TYPE = "kubernetes.io/service-account-token";

const account = (...secrets: string[]): ServiceAccount => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { namespace: "ci", name: "robot", uid: "u1" },
  secrets: secrets.map((name) => ({ name })),
});

const secret = (labels: Record<string, string> = {}, more: Secret["metadata"] = {}): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    namespace: "ci",
    name: "s",
    creationTimestamp: "2020-01-01T00:00:00Z",
    annotations: { "kubernetes.io/service-account.name": "robot", "kubernetes.io/service-account.uid": "u1" },
    labels,
    ...more,
  },
  type: TYPE,
});

const view = (token: Secret, more: Partial<CleanerView> = {}): CleanerView => ({
  trackedSince: "2025-06-14",
  secrets: [token],
  accounts: new Map([["ci/robot", account("s")]]),
  mounted: new Set(),
  ...more,
});

const example = transcripts({
  plan: planCleaning,
  now: NOW,
  tell: (step) => (step.type === "delete" ? "delete it" : `mark it as invalid since ${step.day}`),
});

example(
  "a token that was never used since tracking began, a year ago, is marked",
  view(secret()),
  `
  1. mark it as invalid since 2026-06-15
  because 1 of 1 tokens have not been used for a year
`,
);

example(
  "a token is marked once it has not been used for more than a year",
  view(secret({ [LAST_USED]: "2025-06-14" })),
  `
  1. mark it as invalid since 2026-06-15
  because 1 of 1 tokens have not been used for a year
`,
);

example(
  "a token that was marked a year ago is deleted",
  view(secret({ [INVALID_SINCE]: "2025-06-14" })),
  `
  1. delete it
  because 1 of 1 tokens have not been used for a year
`,
);

example(
  "a mark that is no day is put right",
  view(secret({ [INVALID_SINCE]: "soon" })),
  `
  1. mark it as invalid since 2026-06-15
  because 1 of 1 tokens have not been used for a year
`,
);

example(
  "nothing is known to be unused before uses were tracked for a whole year, the first day not counted",
  view(secret(), { trackedSince: "2025-06-15" }),
  `
  do nothing
  because uses are tracked since 2025-06-15
`,
);

example(
  "without a word of when tracking began nothing is touched",
  view(secret(), { trackedSince: undefined }),
  `
  do nothing
  because nothing says since when uses are tracked
`,
);

const STAYS = `
  do nothing
  because 0 of 1 tokens have not been used for a year
`;
example("a token that was used within the year stays", view(secret({ [LAST_USED]: "2025-06-15" })), STAYS);
example("a token of which it cannot be told when it was used stays", view(secret({ [LAST_USED]: "?" })), STAYS);
example("a young token stays", view(secret({}, { creationTimestamp: "2025-06-15T12:00:00Z" })), STAYS);
example(
  "a token that is being deleted is left alone",
  view(secret({}, { deletionTimestamp: "2026-01-01T00:00:00Z" })),
  STAYS,
);
example("a token that a user made stays", view(secret(), { accounts: new Map([["ci/robot", account()]]) }), STAYS);
example("a token whose account is not there is left to others", view(secret(), { accounts: new Map() }), STAYS);
example("a token that a pod names stays", view(secret(), { mounted: new Set(["ci/s"]) }), STAYS);
example(
  "a token that was marked less than a year ago stays for now",
  view(secret({ [INVALID_SINCE]: "2025-06-15" })),
  `
  do nothing
  because 1 of 1 tokens have not been used for a year
`,
);

test("no token is deleted that was used, made or marked within a year, whatever the days", () => {
  const day = fc.integer({ min: -800, max: 0 }).map((n) => new Date(NOW + n * 86_400_000).toISOString());
  const label = fc.option(
    day.map((text) => text.slice(0, 10)),
    { nil: undefined },
  );
  fc.assert(
    fc.property(day, label, label, day, (creationTimestamp, used, marked, tracked) => {
      const labels = { ...(used ? { [LAST_USED]: used } : {}), ...(marked ? { [INVALID_SINCE]: marked } : {}) };
      const given = view(secret(labels, { creationTimestamp }), { trackedSince: tracked.slice(0, 10) });
      const [step] = planCleaning(given, NOW).steps;
      if (!step) return;
      const yearAgo = new Date(NOW - 365 * 86_400_000).toISOString();
      assert.ok(creationTimestamp < yearAgo && tracked.slice(0, 10) < yearAgo.slice(0, 10));
      assert.ok(used === undefined || used < yearAgo.slice(0, 10));
      assert.equal(step.type === "delete", marked !== undefined);
      if (marked !== undefined) assert.ok(marked < yearAgo.slice(0, 10));
    }),
  );
});

test("every way in which a pod names a Secret counts", () => {
  const ref = (name: string) => ({ secretRef: { name } });
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {},
    spec: {
      imagePullSecrets: [{ name: "pull" }],
      containers: [{ name: "c", envFrom: [ref("from")] }],
      initContainers: [{ name: "i", env: [{ name: "E", valueFrom: { secretKeyRef: { name: "key", key: "k" } } }] }],
      volumes: [
        { name: "v", secret: { secretName: "volume" } },
        { name: "p", projected: { sources: [{ secret: { name: "projected" } }] } },
        { name: "c", csi: { driver: "d", nodePublishSecretRef: { name: "csi" } } },
        { name: "a", azureFile: { shareName: "s", secretName: "azure" } },
      ],
    },
  };
  assert.deepEqual([...secretNamesOf(pod)].sort(), ["azure", "csi", "from", "key", "projected", "pull", "volume"]);
});

test("tokens are looked at once a day: an unused one is marked, and deleted a year later; one that a pod mounts stays", async () => {
  const since = { since: "2024-01-01" };
  await using world = await createTestWorld([legacyTokenTracker(), legacyTokenCleaner()], async (client) => {
    const metadata = { name: "kube-apiserver-legacy-service-account-token-tracking", namespace: "kube-system" };
    await client.create(CONFIG_MAPS, { metadata, data: since });
    const annotations = { "kubernetes.io/service-account.name": "robot" };
    for (const name of ["unused", "mounted", "user-made"]) {
      await client.create(SECRETS, { metadata: { namespace: "ci", name, annotations }, type: TYPE });
      client.edit(SECRETS, { namespace: "ci", name }, (draft) => {
        draft.metadata.creationTimestamp = "2024-01-01T00:00:00Z";
      });
    }
    const secrets = [{ name: "unused" }, { name: "mounted" }];
    await client.create(SERVICE_ACCOUNTS, { metadata: { namespace: "ci", name: "robot" }, secrets });
    const volumes = [{ name: "v", secret: { secretName: "mounted" } }];
    await client.create(PODS, { metadata: { namespace: "ci", name: "p" }, spec: { containers: [], volumes } });
  });
  const { client } = world;
  const marks = () => client.all(SECRETS).map(({ metadata }) => `${metadata.name} ${metadata.labels?.[INVALID_SINCE]}`);
  await world.settle();
  assert.deepEqual(client.all(CONFIG_MAPS)[0]?.data, since);
  assert.deepEqual(marks(), ["unused 2026-01-01", "mounted undefined", "user-made undefined"]);
  client.edit(SECRETS, { namespace: "ci", name: "unused" }, (draft) => {
    draft.metadata.labels = { [INVALID_SINCE]: "2024-12-31" };
  });
  await world.settle(23 * 3_600_000);
  assert.equal(marks().length, 3);
  await world.settle(2 * 3_600_000);
  assert.deepEqual(marks(), ["mounted undefined", "user-made undefined"]);
});
