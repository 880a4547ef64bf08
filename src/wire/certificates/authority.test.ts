import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { systemClock } from "#base";
import { createAuthority, issueCertificate } from "./authority.ts";

const PKCS8 = { type: "pkcs8", format: "pem" } as const;

test("an authority's certificates carry user, groups and addresses, and verify", async () => {
  const authority = await createAuthority(systemClock, "knarr-ca", 10);
  const leaf = await issueCertificate(systemClock, authority, {
    commonName: "kubernetes-admin",
    organizations: ["system:masters", "developers"],
    usage: "client",
    days: 5,
  });
  const parsed = new X509Certificate(leaf.certificate);
  assert.equal(parsed.subject, "O=system:masters\nO=developers\nCN=kubernetes-admin");
  assert.equal(parsed.issuer, "CN=knarr-ca");
  assert.ok(parsed.verify(new X509Certificate(authority.certificate).publicKey));
  assert.equal(parsed.ca, false);
});

test("keys are written as SEC 1 has them, and authorities that were made with keys of PKCS #8 go on", async () => {
  const authority = await createAuthority(systemClock, "knarr-ca", 10);
  const older = { ...authority, privateKey: createPrivateKey(authority.privateKey).export(PKCS8) as string };
  const leaf = await issueCertificate(systemClock, older, { commonName: "x", usage: "client", days: 1 });
  assert.match(leaf.privateKey, /^-----BEGIN EC PRIVATE KEY-----\n[^-]+\n-----END EC PRIVATE KEY-----\n$/);
  const parsed = new X509Certificate(leaf.certificate);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(leaf.privateKey)));
  assert.ok(parsed.verify(new X509Certificate(authority.certificate).publicKey));
});

test("TLS works both ways with them, and a stranger's certificate is not authorized", async () => {
  const authority = await createAuthority(systemClock, "knarr-ca", 10);
  const stranger = await createAuthority(systemClock, "knarr-ca", 10);
  const issue = (ca: typeof authority, usage: "client" | "server") =>
    issueCertificate(systemClock, ca, {
      commonName: usage,
      usage,
      ipAddresses: ["127.0.0.1"],
      dnsNames: ["localhost"],
      days: 1,
    });
  const [server, client, impostor] = await Promise.all([
    issue(authority, "server"),
    issue(authority, "client"),
    issue(stranger, "client"),
  ]);

  const listener = createServer({
    cert: server.certificate,
    key: server.privateKey,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  try {
    for (const [pair, authorized] of [
      [client, true],
      [impostor, false],
    ] as const) {
      const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
      const socket = connect({
        port,
        host: "127.0.0.1",
        ca: authority.certificate,
        cert: pair.certificate,
        key: pair.privateKey,
      });
      const [peer] = await accepted;
      assert.equal(peer.authorized, authorized);
      socket.destroy();
    }
  } finally {
    listener.close();
  }
});
