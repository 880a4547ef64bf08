import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { routesTo } from "./routes.ts";

const TEXT = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
knarr-1a2b3c4d\t0000600A\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0
knarr-1a2b3c4d\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
knarr-1a2b3c4e\t0000F50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;

test("the routes to a device are read from the kernel's file, and no others", () => {
  assert.deepEqual([...routesTo("knarr-1a2b3c4d", TEXT)], ["10.96.0.0/12", "10.244.0.0/24"]);
  assert.deepEqual([...routesTo("eth0", TEXT)], ["0.0.0.0/0"]);
  assert.deepEqual([...routesTo("knarr", TEXT)], []);
});

test("every destination and prefix length is read as it was written", () => {
  const hex = (bits: number) =>
    [0, 8, 16, 24].map((shift) => ((bits >>> shift) & 255).toString(16).padStart(2, "0").toUpperCase()).join("");
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(32), (address, length) => {
      const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
      const base = (address & mask) >>> 0;
      const line = `b\t${hex(base)}\t00000000\t0001\t0\t0\t0\t${hex(mask)}\t0\t0\t0`;
      const text = [24, 16, 8, 0].map((shift) => (base >>> shift) & 255).join(".");
      assert.deepEqual([...routesTo("b", line)], [`${text}/${length}`]);
    }),
  );
});
