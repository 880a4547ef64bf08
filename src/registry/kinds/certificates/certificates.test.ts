import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResourceDefinition } from "../../definition.ts";
import { kind } from "../testing/kind.ts";
import { body, cells, CONTEXT, created, wrong } from "../testing/try-kind.ts";

const spec = (definition: ResourceDefinition, value: object) => body(definition, { spec: value })["spec"];

describe("certificates.k8s.io", () => {
  const requests = kind("CertificateSigningRequest");
  const request = btoa("-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n");
  const csr = { spec: { request, signerName: "example.com/s", usages: ["client auth"], username: "mallory" } };

  test("a request names the authenticated user, whatever its author writes", () => {
    assert.deepEqual(spec(requests, csr.spec), { ...csr.spec, username: "alice", groups: ["system:authenticated"] });
  });

  test("a request's certificate, usages, signer and lifetime are checked in upstream's words", () => {
    assert.deepEqual(wrong(requests, { spec: { request: "", signerName: "s", usages: ["x"], expirationSeconds: 1 } }), [
      'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST',
      'spec.usages[0]: Unsupported value: "x": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
      "spec.signerName: Invalid value: \"s\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
      "spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)",
    ]);
  });

  test("conditions are set by the approval subresource and refused in the status", () => {
    const old = created(requests, csr);
    const conditions = [{ type: "Approved", status: "True" }];
    const decided = { ...old, status: { conditions: structuredClone(conditions) } };
    const errors = requests.validateStatusUpdate?.(decided, old, CONTEXT) ?? [];
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['Forbidden: updates may not add a condition of type "Approved"'],
    );
    const approval = requests.subresources?.["approval"];
    assert.equal(approval?.type, "update");
    if (approval?.type !== "update") return;
    approval.prepareForUpdate(decided as never, old, CONTEXT);
    assert.deepEqual(approval.validateUpdate?.(decided, old, CONTEXT), []);
    const time = "2026-01-01T12:00:00Z";
    assert.deepEqual(decided.status.conditions, [{ ...conditions[0], lastUpdateTime: time, lastTransitionTime: time }]);
    assert.deepEqual(cells(requests, decided), {
      SignerName: "example.com/s",
      Requestor: "alice",
      RequestedDuration: "<none>",
      Condition: "Approved",
    });
  });
});
