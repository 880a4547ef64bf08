import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fullImageName, type Pod } from "#objects";
import { createAddressPool, nodeAddressOf, podCidrOf } from "./addresses.ts";
import { behaviourOf } from "./behaviour.ts";
import { interpretCommand } from "./command.ts";
import { imageIdOf } from "./images.ts";
import { linesBetween, nextLineAt, type Timeline } from "./timeline.ts";

test("an address pool gives each address once, all of them, and again when it is freed", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(-1), fc.nat(300)), { maxLength: 600 }), (actions) => {
      const pool = createAddressPool("10.244.3.0/24");
      const taken: string[] = [];
      for (const action of actions) {
        if (action < 0 || taken.length === 0) {
          const ip = pool.take();
          if (ip === undefined) assert.equal(taken.length, 253);
          else {
            assert.ok(ip.startsWith("10.244.3.") && !taken.includes(ip));
            taken.push(ip);
          }
        } else pool.release(taken.splice(action % taken.length, 1)[0]!);
      }
    }),
  );
  const pool = createAddressPool("10.244.3.0/24");
  assert.equal(pool.take("10.244.3.2"), "10.244.3.2");
  assert.equal(pool.take(), "10.244.3.3");
  assert.equal(pool.take("10.244.3.2"), "10.244.3.4");
});

test("a thousand nodes have addresses of their own", () => {
  const all = Array.from({ length: 3000 }, (_, i) => [podCidrOf(i), nodeAddressOf(i)]).flat();
  assert.equal(new Set(all).size, all.length);
});

test("commands of a shell end and print as a shell's would", () => {
  const cases: readonly (readonly [command: readonly string[], exit: string, lines: readonly string[]])[] = [
    [["echo", "hi", "there"], "0 after 10", ["10 hi there"]],
    [["/bin/sleep", "1.5"], "0 after 1510", []],
    [["sleep", "infinity"], "never", []],
    [["false"], "1 after 10", []],
    [["sh", "-c", "echo a; sleep 1 && echo 'b c'; exit 3; echo never"], "3 after 1040", ["10 a", "1030 b c"]],
    [["bash", "-ec", "true"], "0 after 10", []],
    [["sh", "-c", "false; echo on"], "0 after 20", ["20 on"]],
    [["sh", "-c", "false && echo on; exit"], "1 after 20", []],
    [["sh", "-c", "false && echo on && echo further"], "1 after 10", []],
    [["sh", "-ec", "echo a; false; echo on"], "1 after 20", ["10 a"]],
    [["sh", "-ec", "while true; do echo a; false; done"], "1 after 20", ["10 a"]],
    [["sh", "-c", `echo "a; b" 'c && d' e"f"'g'`], "0 after 10", ["10 a; b c && d efg"]],
    [["sh", "-c", "while true; do echo tick; sleep 1; done"], "never", ["10 tick", "1030 tick", "2050 tick"]],
    [["sh", "-c", "echo up; while :; do date; done"], "unknown", []],
    [["sh", "-c", "while true; do echo once; exit 1; done"], "1 after 20", ["10 once"]],
    [["nginx", "-g", "daemon off;"], "unknown", []],
    [["sh"], "unknown", []],
  ];
  for (const [command, exit, lines] of cases) {
    const run = interpretCommand(command);
    const text = !run ? "unknown" : run.exit ? `${run.exit.code} after ${run.exit.afterMs}` : "never";
    assert.equal(text, exit, command.join(" "));
    const written = run ? linesBetween(run.output, 0, 2_500) : [];
    assert.deepEqual(
      written.map(({ afterMs, text: line }) => `${afterMs} ${line}`),
      lines,
      command.join(" "),
    );
  }
});

describe("a simulated log", () => {
  const timeline: Timeline = {
    lines: [{ afterMs: 5, text: "up" }],
    loop: {
      startMs: 100,
      periodMs: 1000,
      lines: [
        { afterMs: 0, text: "a" },
        { afterMs: 300, text: "b" },
      ],
    },
  };

  test("is the same whether it is read at once or in pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 10 }), (steps) => {
        let at = -1;
        const pieces: unknown[] = [];
        for (const step of steps) {
          pieces.push(...linesBetween(timeline, at + 1, at + step));
          at += step;
        }
        assert.deepEqual(pieces, linesBetween(timeline, 0, at));
      }),
    );
  });

  test("goes on for years at no cost, and keeps its last 10,000 lines", () => {
    const year = 365 * 86_400_000;
    const lines = linesBetween(timeline, 0, year);
    assert.equal(lines.length, 10_000);
    assert.ok(lines.at(-1)!.afterMs > year - 1000);
    assert.equal(linesBetween(timeline, year - 999, year).length, 2);
  });

  test("knows when the next line comes", () => {
    fc.assert(
      fc.property(fc.nat(5000), (at) => {
        const next = nextLineAt(timeline, at)!;
        assert.equal(linesBetween(timeline, at + 1, next).length, 1);
      }),
    );
    assert.equal(nextLineAt({ lines: [] }, 0), undefined);
  });
});

const pod = (annotations: Record<string, string>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", annotations },
});

test("annotations, images and commands decide how a simulated container behaves", () => {
  const behave = (image: string, annotations: Record<string, string> = {}, command?: string[]) => {
    const { output: _, ...told } = behaviourOf(pod(annotations), {
      name: "web",
      image,
      ...(command ? { command } : {}),
    });
    return told;
  };
  const server = { readyMs: 0, healthy: true, ignoresTerm: false, stopMs: 50, stopCode: 0 };
  const prefix = "simulated.knarr.dev/";
  assert.deepEqual(behave("nginx"), server);
  assert.deepEqual(behave("busybox"), { ...server, exit: { afterMs: 20, code: 0 } });
  assert.deepEqual(behave("busybox", {}, ["sleep", "infinity"]), { ...server, stopCode: 143 });
  assert.deepEqual(behave("simulate/crash:3"), { ...server, exit: { afterMs: 500, code: 3 } });
  assert.deepEqual(behave("simulate/exit:0"), { ...server, exit: { afterMs: 500, code: 0 } });
  assert.deepEqual(behave("simulate/slow:20"), { ...server, readyMs: 20_000 });
  assert.equal(behave("simulate/never-ready").readyMs, Infinity);
  for (const image of ["simulate/unpullable", "nginx:does-not-exist", "no-such/image"])
    assert.ok(behave(image).pullError, image);
  assert.deepEqual(
    behave("nginx", {
      [`${prefix}ready-seconds`]: "5",
      [`${prefix}pull-seconds`]: "0.5",
      [`${prefix}stop-seconds`]: "3",
    }),
    {
      ...server,
      readyMs: 5000,
      pullMs: 500,
      stopMs: 3000,
    },
  );
  assert.deepEqual(
    behave("nginx", { [`${prefix}fail`]: "crash", [`${prefix}exit-code`]: "7", [`${prefix}exit-after-seconds`]: "2" })
      .exit,
    { afterMs: 2000, code: 7 },
  );
  assert.deepEqual(behave("nginx", { [`${prefix}exit-code.other`]: "7" }), server, "another container's");
  assert.deepEqual(behave("nginx", { [`${prefix}exit-code.web`]: "7" }).exit?.code, 7);
  assert.deepEqual(behave("nginx", { [`${prefix}ready-seconds`]: "soon" }), server, "what is no number says nothing");
});

test("images have the names that containerd gives them", () => {
  const names = ["nginx", "nginx:1.27", "library/nginx", "example.com/a/b:1", "localhost/x", "quay.io/x@sha256:00"];
  assert.deepEqual(names.map(fullImageName), [
    "docker.io/library/nginx:latest",
    "docker.io/library/nginx:1.27",
    "docker.io/library/nginx:latest",
    "example.com/a/b:1",
    "localhost/x:latest",
    "quay.io/x@sha256:00",
  ]);
  assert.match(imageIdOf("nginx:1.27"), /^docker.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
});
