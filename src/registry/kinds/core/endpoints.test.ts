import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpoints } from "./endpoints.ts";
import { cells, wrong } from "../testing/try-kind.ts";

describe("Endpoints", () => {
  test("addresses and ports are checked in upstream's words", () => {
    const subsets = [{ addresses: [{ ip: "127.0.0.1" }, { ip: "x" }], ports: [{ port: 0 }, { port: 1 }] }, {}];
    assert.deepEqual(wrong(endpoints, { subsets }), [
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'subsets[0].addresses[1].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'subsets[0].addresses[1].ip: Invalid value: "x": must be a valid IP address',
      "subsets[0].ports[0].name: Required value",
      "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "subsets[0].ports[1].name: Required value",
      "subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`",
    ]);
  });

  test("the column shows at most three ready addresses with their port", () => {
    const addresses = ["10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.4"].map((ip) => ({ ip }));
    const shown = (subsets: object[]) => cells(endpoints, { subsets })["Endpoints"];
    assert.equal(shown([]), "<none>");
    assert.equal(shown([{ addresses, ports: [{ port: 80 }] }]), "10.0.0.1:80,10.0.0.2:80,[fd00::1]:80 + 1 more...");
    assert.equal(shown([{ addresses: addresses.slice(0, 1) }]), "10.0.0.1");
    assert.equal(shown([{ notReadyAddresses: addresses, ports: [{ port: 80 }] }]), "");
  });
});
