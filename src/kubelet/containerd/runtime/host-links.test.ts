import assert from "node:assert/strict";
import { test } from "node:test";
import { linksIn } from "./host-links.ts";

test("of what containerd tells of a sandbox, its links are the interfaces that are in no sandbox", () => {
  const info = {
    pid: 7,
    cniResult: {
      Interfaces: {
        eth0: { IPConfigs: [{ IP: "10.244.0.5" }], Mac: "a", Sandbox: "/run/netns/cni-1" },
        "knarr-1a2b3c4d": { IPConfigs: null, Mac: "b", Sandbox: "" },
        veth1: { IPConfigs: null, Mac: "c", Sandbox: "" },
        lo: { IPConfigs: null, Mac: "d", Sandbox: "/run/netns/cni-1" },
      },
    },
  };
  assert.deepEqual(linksIn(JSON.stringify(info)), ["knarr-1a2b3c4d", "veth1"]);
});

test("a sandbox on the node's own network, or of a runtime that tells nothing, has no links", () => {
  for (const info of [{}, { cniResult: null }, { cniResult: { Interfaces: null } }])
    assert.deepEqual(linksIn(JSON.stringify(info)), []);
});
