import assert from "node:assert/strict";
import { test } from "node:test";
import { container, podOf } from "../testing/pods.ts";
import { excessOf, limitedVolumes } from "./volume-limits.ts";

test("only emptyDirs on disk that have a limit are looked after", () => {
  const pod = podOf({
    containers: [container("a")],
    volumes: [
      { name: "free", emptyDir: {} },
      { name: "none", emptyDir: { sizeLimit: "0" } },
      { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      { name: "disk", emptyDir: { sizeLimit: "1Mi" } },
      { name: "other", configMap: { name: "x" } },
    ],
  });
  assert.deepEqual(limitedVolumes(pod), [{ name: "disk", limit: "1Mi" }]);
});

test("a volume may be full, but no fuller", () => {
  const volume = { name: "disk", limit: "1Mi" };
  assert.equal(excessOf(volume, 1 << 20), undefined);
  assert.equal(excessOf(volume, (1 << 20) + 1), 'Usage of EmptyDir volume "disk" exceeds the limit "1Mi". ');
});
