import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, createVirtualClock } from "#base";
import type { Pod } from "#objects";
import { container, NOW, podOf } from "../testing/pods.ts";
import { createStatusWriter } from "./status-writer.ts";
import { newView } from "./transition.ts";

function createWriter() {
  const clock = createVirtualClock();
  const complaints: string[] = [];
  const writes: PromiseWithResolvers<Pod>[] = [];
  const view = newView(podOf({ containers: [container("web")] }), NOW, { volumes: false });
  const writer = createStatusWriter({
    record: {
      writeStatus() {
        const write = Promise.withResolvers<Pod>();
        writes.push(write);
        return write.promise;
      },
      finish: async () => {},
    },
    clock,
    log: createLog((_level, message) => complaints.push(message)),
    nodeIps: ["172.18.0.2"],
    view: () => view,
    onWritten() {},
  });
  writer.look();
  return { writer, writes, complaints, clock };
}

test("a failed status write is logged and retried", async () => {
  const { writes, complaints, clock } = createWriter();
  writes[0]!.reject(new Error("connection refused"));
  await clock.advance(1_000);
  assert.deepEqual(complaints, ["writing a pod's status failed"]);
  assert.equal(writes.length, 2);
});

test("one that does not come through because all of it stops is not", async () => {
  const { writer, writes, complaints, clock } = createWriter();
  writer.close();
  writes[0]!.reject(new Error("stopped"));
  await clock.advance(10_000);
  assert.deepEqual(complaints, []);
  assert.equal(writes.length, 1);
});
