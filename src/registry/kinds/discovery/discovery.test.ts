import assert from "node:assert/strict";
import { test } from "node:test";
import { kind } from "../testing/kind.ts";
import { body, cells, wrong } from "../testing/try-kind.ts";

test("an EndpointSlice is defaulted and validated, and shows upstream's columns", () => {
  const slices = kind("EndpointSlice");
  assert.deepEqual(body(slices, { addressType: "IPv4", ports: [{ port: 80 }] })["ports"], [
    { port: 80, name: "", protocol: "TCP" },
  ]);
  const endpoints = [{ addresses: ["fd00::1"] }, { addresses: [] }];
  assert.deepEqual(wrong(slices, { addressType: "IPv4", endpoints }), [
    'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address',
    "endpoints[1].addresses: Required value: must contain at least 1 address",
  ]);
  assert.deepEqual(cells(slices, { addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] }), {
    AddressType: "IPv4",
    Ports: "<unset>",
    Endpoints: "10.0.0.1",
  });
});
