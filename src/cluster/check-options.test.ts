import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOptions } from "./check-options.ts";
import { StartError } from "./options.ts";

test("options that cannot be are told of in one line", () => {
  checkOptions({});
  checkOptions({ nodeName: "a.example-1", nodeAddress: "fd00::1", loadBalancerAddresses: ["192.0.2.1", "fd00::2"] });
  for (const [options, message] of [
    [{ nodeName: "Node_1" }, 'node name "Node_1" is no domain name in lower case'],
    [{ nodeAddress: "localhost" }, 'node address "localhost" is no IP address'],
    [{ loadBalancerAddresses: ["192.0.2.1", "10.0.0.0/8"] }, 'load balancer address "10.0.0.0/8" is no IP address'],
    [{ runtimeConfig: { "apps/v9": true } }, "group version apps/v9 that has not been registered"],
    [{ featureGates: { Nope: true } }, "unrecognized feature gate: Nope"],
  ] as const) {
    assert.throws(
      () => checkOptions(options),
      (error) => error instanceof StartError && error.message === message,
    );
  }
});
