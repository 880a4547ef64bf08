import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Pod } from "#objects";
import { Casualties } from "./casualties.ts";

const pod = (restartCount: number, running = true): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", uid: "u" },
  status: {
    containerStatuses: [
      {
        name: "main",
        image: "i",
        imageID: "i",
        ready: running,
        restartCount,
        state: running ? { running: {} } : { waiting: {} },
      },
    ],
  },
});

describe("the casualties of a test", () => {
  test("are well when nothing was hit and nothing restarted", () => {
    const casualties = new Casualties();
    assert.deepEqual(casualties.observe([pod(0)]), []);
    assert.deepEqual(casualties.wrong([pod(0)]), []);
  });

  test("show a restart that nothing explains, and not the tries before a container first ran", () => {
    const casualties = new Casualties();
    casualties.observe([pod(2)]);
    assert.deepEqual(casualties.wrong([pod(2)]), []);
    assert.match(casualties.wrong([pod(3)])[0] ?? "", /^main: 3 restarts of p .*; killed: none$/);
  });

  test("show what was hit until it has been restarted", () => {
    const casualties = new Casualties();
    casualties.observe([pod(0)]);
    casualties.hit(pod(0), "main", "its process");
    assert.match(casualties.unnoticed([pod(0)])[0] ?? "", /^main was killed by its process: p /);
    assert.equal(casualties.wrong([pod(0)]).length, 1);
    assert.deepEqual([casualties.unnoticed([pod(1)]), casualties.wrong([pod(1)])], [[], []]);
  });

  test("say nothing of a container that may have been hit", () => {
    const casualties = new Casualties();
    casualties.observe([pod(0)]);
    casualties.perhapsHit(pod(0), "main");
    assert.deepEqual([casualties.wrong([pod(0)]), casualties.wrong([pod(1)])], [[], []]);
  });

  test("show restarts that count down", () => {
    const casualties = new Casualties();
    casualties.observe([pod(1)]);
    assert.deepEqual(casualties.observe([pod(0, false)]), ["p main: 0 restarts after 1"]);
  });
});
