import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Pod } from "#objects";
import { chooseContainer } from "./choose-container.ts";
import { parseLogOptions } from "./log-options.ts";
import { outcome } from "./testing/outcome.ts";

const NOW = Date.UTC(2026, 0, 1);

const podWith = (containers: string[], init: string[] = [], ephemeral: string[] = []): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web" },
  spec: {
    containers: containers.map((name) => ({ name })),
    initContainers: init.map((name) => ({ name })),
    ephemeralContainers: ephemeral.map((name) => ({ name })),
  },
});

test("a container is found by its name, or as the only one, and else the refusal lists those that there are", () => {
  const cases: readonly (readonly [pod: Pod, wanted: string, expected: string])[] = [
    [podWith(["a"]), "", "a"],
    [podWith(["a"], ["i"]), "i", "i"],
    [podWith(["a"], [], ["e"]), "e", "e"],
    [podWith(["a"]), "x", "BadRequest: container x is not valid for pod web"],
    [podWith(["a", "b"]), "", "BadRequest: a container name must be specified for pod web, choose one of: [a b]"],
    [
      podWith(["a", "b"], ["i"], ["e"]),
      "",
      "BadRequest: a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i] or one of the ephemeral containers: [e]",
    ],
  ];
  for (const [pod, wanted, expected] of cases)
    assert.equal(
      outcome(() => chooseContainer(pod, wanted)),
      expected,
    );
});

describe("the options of a log request", () => {
  const plain = { container: "", follow: false, previous: false, timestamps: false };
  const invalid = (detail: string) => `Invalid: PodLogOptions "web" is invalid: ${detail}`;
  const cases: readonly (readonly [query: string, expected: unknown])[] = [
    ["", plain],
    [
      "follow=true&previous=1&timestamps&container=a",
      { container: "a", follow: true, previous: true, timestamps: true },
    ],
    ["follow=false&previous=0", plain],
    ["tailLines=0&limitBytes=1", { ...plain, tailLines: 0, limitBytes: 1 }],
    ["sinceSeconds=60", { ...plain, since: NOW - 60_000 }],
    ["sinceTime=2025-12-31T23%3A00%3A00Z", { ...plain, since: NOW - 3600_000 }],
    ["stream=Stderr", { ...plain, stream: "stderr" }],
    ["tailLines=-1", invalid("tailLines: Invalid value: -1: must be greater than or equal to 0")],
    ["limitBytes=0", invalid("limitBytes: Invalid value: 0: must be greater than 0")],
    ["sinceSeconds=0", invalid("sinceSeconds: Invalid value: 0: must be greater than 0")],
    ["stream=Both", invalid('stream: Unsupported value: "Both": supported values: "All", "Stderr", "Stdout"')],
  ];
  for (const [query, expected] of cases) {
    test(`are read from the query, or refused: ${query || "(empty)"}`, () =>
      assert.deepEqual(
        outcome(() => parseLogOptions(new URLSearchParams(query), "web", NOW)),
        expected,
      ));
  }

  test("may not contain both sinceSeconds and sinceTime", () => {
    const both = new URLSearchParams("sinceSeconds=1&sinceTime=2025-12-31T23:00:00Z");
    assert.match(
      String(outcome(() => parseLogOptions(both, "web", NOW))),
      /at most one of `sinceTime` or `sinceSeconds` may be specified/,
    );
  });
});
