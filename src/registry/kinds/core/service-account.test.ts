import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyDraft, KubeObject } from "#objects";
import { serviceAccountDefinition } from "./service-account.ts";
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

test("a token request that names another account, or another of the same name, is refused", async () => {
  const accounts = serviceAccountDefinition(({ body }) => Promise.resolve(body as never));
  const token = accounts.subresources?.["token"];
  if (token?.type !== "create") assert.fail("no token subresource");
  const account = { ...created(accounts, {}), metadata: { name: "test", namespace: "default", uid: "u1" } };
  const ask = (metadata: object) =>
    token.handle({
      key: { namespace: "default", name: "test" },
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata } as AnyDraft,
      context: CONTEXT,
      parent: () => Promise.resolve(account as KubeObject),
    });
  await assert.rejects(ask({ name: "other" }), {
    message:
      'TokenRequest.authentication.k8s.io "test" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
  });
  await assert.rejects(ask({ uid: "u2" }), {
    message:
      'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "test": the UID in the token request (u2) does not match the UID of the service account (u1)',
  });
  const { metadata } = await ask({ uid: "u1" });
  assert.deepEqual(metadata, {
    name: "test",
    namespace: "default",
    uid: "u1",
    creationTimestamp: "2026-01-01T12:00:00Z",
  });
});
