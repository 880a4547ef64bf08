import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterTrustBundleProjection, V1beta1ClusterTrustBundle as ClusterTrustBundle } from "#objects";
import { trustAnchors } from "./trust-anchors.ts";

const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
const bundle = (name: string, trustBundle: string, signerName?: string, labels = {}): ClusterTrustBundle => ({
  apiVersion: "certificates.k8s.io/v1beta1",
  kind: "ClusterTrustBundle",
  metadata: { name, labels },
  spec: { trustBundle, ...(signerName ? { signerName } : {}) },
});
const BUNDLES = [
  bundle("own", `a comment\n${pem("QUFB")}${pem("QkJC")}`),
  bundle("x.io:s:one", pem("QUFB"), "x.io/s", { canary: "true" }),
  bundle("x.io:s:two", pem("Q0ND\nRERE") + pem("QUFB"), "x.io/s"),
  bundle("y.io:s:one", pem("RUVF"), "y.io/s"),
];
const of = (projection: Omit<ClusterTrustBundleProjection, "path">) =>
  trustAnchors({ ...projection, path: "p" }, BUNDLES);

test("by name, the certificates of one bundle are written, and nothing else that is in it", () => {
  assert.equal(of({ name: "own" }), pem("QUFB") + pem("QkJC"));
});

test("by signer, each certificate of all matching bundles is written once", () => {
  assert.equal(of({ signerName: "x.io/s", labelSelector: {} }), pem("Q0NDRERE") + pem("QUFB"));
  assert.equal(of({ signerName: "x.io/s", labelSelector: { matchLabels: { canary: "true" } } }), pem("QUFB"));
});

test("a bundle that is absent is an error, unless it is optional", () => {
  const cases: readonly (readonly [Omit<ClusterTrustBundleProjection, "path">, string])[] = [
    [{ name: "no" }, 'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "no" not found'],
    [
      { signerName: "z.io/s", labelSelector: {} },
      "combination of signerName and labelSelector matched zero ClusterTrustBundles",
    ],
    // No selector selects nothing.
    [{ signerName: "x.io/s" }, "combination of signerName and labelSelector matched zero ClusterTrustBundles"],
    [{}, "ClusterTrustBundle projection requires either name or signerName to be set"],
  ];
  for (const [projection, message] of cases) assert.throws(() => of(projection), { message });
  assert.equal(of({ name: "no", optional: true }), "");
  assert.equal(of({ signerName: "z.io/s", optional: true }), "");
});
