import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "#objects";
import { kind } from "../testing/kind.ts";
import { CONTEXT, created } from "../testing/try-kind.ts";

test("a token is issued only where there are keys", async () => {
  const accounts = kind("ServiceAccount");
  const token = accounts.subresources?.["token"];
  assert.equal(token?.type, "create");
  if (token?.type !== "create") return;
  const request = {
    key: { namespace: "default", name: "test" },
    body: { apiVersion: "", kind: "", metadata: {} },
    context: CONTEXT,
    parent: () => Promise.resolve(created(accounts, {}) as KubeObject),
  };
  await assert.rejects(token.handle(request), { message: /no service account signing key/ });
});
