import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Answer } from "dns-packet";
import { createTestCluster, fillTestCluster } from "../testing/cluster.ts";
import { answer, type Outcome } from "./answer.ts";
import { createView, type DnsView } from "./view.ts";

/** A record in a line, without what is the same in all. */
const line = ({ name, type, ...rest }: Answer): string => {
  const data = "data" in rest ? rest.data : "";
  if (typeof data === "object" && "target" in data) {
    const { priority, weight, port, target } = data;
    return `${name} SRV ${priority} ${weight} ${port} ${target}`;
  }
  if (typeof data === "object" && "mname" in data) return `${name} SOA ${data.mname} ${data.rname} ${data.minimum}`;
  return `${name} ${type} ${typeof data === "string" ? data : JSON.stringify(data)}`;
};

const told = (outcome: Outcome): readonly string[] => {
  if (outcome.type === "forward") return ["forward"];
  if (outcome.type === "chase") return [...outcome.answers.map(line), `then ${outcome.target}`];
  const { code, answers, authorities, additionals } = outcome.reply;
  return [
    ...(code === "NOERROR" ? [] : [code]),
    ...answers.map(line),
    ...authorities.map((record) => `authority ${line(record)}`),
    ...additionals.map((record) => `also ${line(record)}`),
  ];
};

const SOA = "authority cluster.local SOA ns.dns.cluster.local hostmaster.cluster.local 30";
const NODATA = [SOA];
const NXDOMAIN = ["NXDOMAIN", SOA];
const D = "default.svc.cluster.local";

const CASES: readonly (readonly [question: string, ...expected: readonly string[]])[] = [
  // A Service with an address.
  [`web.${D} A`, `web.${D} A 10.96.0.5`],
  [`web.${D}. A`, `web.${D}. A 10.96.0.5`],
  [`wEb.DEFAULT.svc.CLUSTER.local A`, `wEb.DEFAULT.svc.CLUSTER.local A 10.96.0.5`],
  [`web.${D} AAAA`, ...NODATA],
  [`web.${D} TXT`, ...NODATA],
  [`web.${D} MX`, ...NODATA],
  [`web.${D} ANY`, ...NODATA],
  [`web.${D} UNKNOWN_65`, ...NODATA],
  [`web.${D} CNAME`, ...NODATA],
  [`dual.${D} A`, `dual.${D} A 10.96.0.6`],
  [`dual.${D} AAAA`, `dual.${D} AAAA fd00::6`],
  [`_http._tcp.web.${D} SRV`, `_http._tcp.web.${D} SRV 0 100 80 web.${D}`, `also web.${D} A 10.96.0.5`],
  [`_HTTP._TCP.web.${D} SRV`, `_HTTP._TCP.web.${D} SRV 0 100 80 web.${D}`, `also web.${D} A 10.96.0.5`],
  [`_dns._udp.web.${D} SRV`, `_dns._udp.web.${D} SRV 0 100 53 web.${D}`, `also web.${D} A 10.96.0.5`],
  [`_http._udp.web.${D} SRV`, ...NXDOMAIN],
  [`_other._tcp.web.${D} SRV`, ...NXDOMAIN],
  [`web.${D} SRV`, `web.${D} SRV 0 50 80 web.${D}`, `web.${D} SRV 0 50 53 web.${D}`, `also web.${D} A 10.96.0.5`],
  [
    `_http._tcp.dual.${D} SRV`,
    `_http._tcp.dual.${D} SRV 0 50 80 dual.${D}`,
    `also dual.${D} A 10.96.0.6`,
    `also dual.${D} AAAA fd00::6`,
  ],
  // Its endpoints have names too.
  [`10-244-0-9.web.${D} A`, `10-244-0-9.web.${D} A 10.244.0.9`],
  // Headless.
  [`db.${D} A`, `db.${D} A 10.244.0.2`, `db.${D} A 10.244.0.3`, `db.${D} A 10.244.0.5`],
  [`db.${D} AAAA`, `db.${D} AAAA fd00:1::`],
  [`db-0.db.${D} A`, `db-0.db.${D} A 10.244.0.2`],
  [`db-2.db.${D} A`, ...NXDOMAIN],
  [`db-0.db.${D} AAAA`, ...NODATA],
  [`10-244-0-5.db.${D} A`, `10-244-0-5.db.${D} A 10.244.0.5`],
  [`10-244-0-2.db.${D} A`, ...NXDOMAIN],
  [`fd00-1--0.db.${D} AAAA`, `fd00-1--0.db.${D} AAAA fd00:1::`],
  [
    `_http._tcp.db.${D} SRV`,
    `_http._tcp.db.${D} SRV 0 25 80 db-0.db.${D}`,
    `_http._tcp.db.${D} SRV 0 25 80 db-1.db.${D}`,
    `_http._tcp.db.${D} SRV 0 25 80 10-244-0-5.db.${D}`,
    `_http._tcp.db.${D} SRV 0 25 80 fd00-1--0.db.${D}`,
    `also db-0.db.${D} A 10.244.0.2`,
    `also db-1.db.${D} A 10.244.0.3`,
    `also 10-244-0-5.db.${D} A 10.244.0.5`,
    `also fd00-1--0.db.${D} AAAA fd00:1::`,
  ],
  [`lonely.${D} A`, ...NXDOMAIN],
  [`portless.${D} A`, `portless.${D} A 10.244.0.7`],
  [`portless.${D} SRV`, ...NODATA],
  // ExternalName.
  [`outside.${D} CNAME`, `outside.${D} CNAME www.example.org`],
  [`outside.${D} A`, `outside.${D} CNAME www.example.org`, "then www.example.org"],
  [`outside.${D} SRV`, ...NODATA],
  [`x.outside.${D} A`, ...NXDOMAIN],
  [`inside.${D} A`, `inside.${D} CNAME web.${D}`, `web.${D} A 10.96.0.5`],
  [`inside.${D} AAAA`, ...NODATA],
  [`nowhere.${D} A`, ...NODATA],
  [`far.${D} A`, `far.${D} CNAME outside.${D}`, `outside.${D} CNAME www.example.org`, "then www.example.org"],
  [`circle.${D} A`, ...NODATA],
  // What is not there, and what has nothing in it.
  [`none.${D} A`, ...NXDOMAIN],
  [`web.other.svc.cluster.local A`, ...NXDOMAIN],
  [`a.b.c.web.${D} A`, ...NXDOMAIN],
  ["other.svc.cluster.local A", ...NXDOMAIN],
  ["foo.cluster.local A", ...NXDOMAIN],
  [`${D} A`, ...NODATA],
  ["svc.cluster.local NS", ...NODATA],
  ["pod.cluster.local A", ...NODATA],
  ["cluster.local A", ...NODATA],
  ["cluster.local AXFR", "REFUSED"],
  // Pods.
  ["10-1-2-3.default.pod.cluster.local A", "10-1-2-3.default.pod.cluster.local A 10.1.2.3"],
  ["fd00--1.default.pod.cluster.local AAAA", "fd00--1.default.pod.cluster.local AAAA fd00::1"],
  ["10-1-2-3.default.pod.cluster.local AAAA", ...NODATA],
  ["10-1-2-300.default.pod.cluster.local A", ...NXDOMAIN],
  ["web.default.pod.cluster.local A", ...NXDOMAIN],
  ["10-1-2-3.other.pod.cluster.local A", ...NXDOMAIN],
  ["default.pod.cluster.local A", ...NODATA],
  // The zone itself.
  ["dns-version.cluster.local TXT", "dns-version.cluster.local TXT 1.1.0"],
  ["dns-version.cluster.local A", ...NXDOMAIN],
  ["cluster.local SOA", SOA.replace("authority ", "")],
  ["cluster.local NS", "cluster.local NS ns.dns.cluster.local", "also ns.dns.cluster.local A 192.0.2.1"],
  ["ns.dns.cluster.local A", "ns.dns.cluster.local A 192.0.2.1"],
  ["ns.dns.cluster.local AAAA", ...NODATA],
  // Backwards.
  ["5.0.96.10.in-addr.arpa PTR", `5.0.96.10.in-addr.arpa PTR web.${D}`],
  ["2.0.244.10.in-addr.arpa PTR", `2.0.244.10.in-addr.arpa PTR db-0.db.${D}`],
  ["5.0.244.10.in-addr.arpa PTR", `5.0.244.10.in-addr.arpa PTR 10-244-0-5.db.${D}`],
  ["4.0.244.10.in-addr.arpa PTR", "forward"],
  ["5.0.96.10.in-addr.arpa A", "forward"],
  ["96.10.in-addr.arpa PTR", "forward"],
  [`6.${"0.".repeat(27)}0.0.d.f.ip6.arpa PTR`, `6.${"0.".repeat(27)}0.0.d.f.ip6.arpa PTR dual.${D}`],
  // Others'.
  ["www.example.org A", "forward"],
  ["xcluster.local A", "forward"],
  [". NS", "forward"],
];

describe("the cluster's zone", async () => {
  const cluster = await createTestCluster();
  after(() => cluster.scope.close());
  await fillTestCluster(cluster);
  const view: DnsView = createView({ ...cluster, clusterDomain: "cluster.local", localAddresses: ["192.0.2.1"] });
  await cluster.caches.whenSynced();
  for (const [question, ...expected] of CASES) {
    test(`answers ${question}`, () => {
      const [name = "", type = ""] = question.split(" ");
      assert.deepEqual(told(answer({ name, type }, view)), expected);
    });
  }
  test("fails a question whose answer it does not know yet", () => {
    const unsynced = { ...view, synced: false, service: () => undefined };
    assert.deepEqual(told(answer({ name: `web.${D}`, type: "A" }, unsynced)), ["SERVFAIL"]);
  });
  test("names the Service kube-dns as its server", () => {
    const service = { apiVersion: "v1", kind: "Service", metadata: {}, spec: { clusterIPs: ["10.96.0.10"] } };
    const servers = told(answer({ name: "cluster.local", type: "NS" }, { ...view, service: () => service }));
    const host = "kube-dns.kube-system.svc.cluster.local";
    assert.deepEqual(servers, [`cluster.local NS ${host}`, `also ${host} A 10.96.0.10`]);
  });
});
