import assert from "node:assert/strict";
import { test } from "node:test";
import { kind } from "../testing/kind.ts";
import { body, wrong } from "../testing/try-kind.ts";

test("webhook configurations are defaulted and validated as upstream does", () => {
  const webhooks = kind("ValidatingWebhookConfiguration");
  const good = {
    name: "a.example.com",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    clientConfig: { service: { namespace: "n", name: "s" } },
    rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
  };
  const { webhooks: made } = body(webhooks, { webhooks: [good] }) as { webhooks: object[] };
  assert.deepEqual(made, [
    {
      ...good,
      clientConfig: { service: { namespace: "n", name: "s", port: 443 } },
      rules: [{ ...good.rules[0], scope: "*" }],
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    },
  ]);
  assert.deepEqual(
    wrong(webhooks, { webhooks: [good, { ...good, name: "b", clientConfig: {}, timeoutSeconds: 60 }] }),
    [
      'webhooks[1].name: Invalid value: "b": should be a domain with at least three segments separated by dots',
      "webhooks[1].timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds",
      "webhooks[1].clientConfig: Required value: exactly one of url or service is required",
    ],
  );
});
