import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fullImageName, type Container, type Pod, type PodSpec } from "#objects";
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

describe("what a container without a known command is there for", () => {
  const TASK = { afterMs: 5000, code: 0 };
  interface Case {
    readonly pod?: Partial<PodSpec>;
    readonly main?: Partial<Container>;
    readonly annotations?: Record<string, string>;
    readonly ofJob?: boolean;
  }
  const exitOf = ({ pod: spec = {}, main = {}, annotations = {}, ofJob = false }: Case) => {
    const container = { name: "web", image: "example.com/app:1", ...main };
    const owner = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "u", controller: true };
    const { metadata } = pod(annotations);
    return behaviourOf(
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...metadata, ...(ofJob ? { ownerReferences: [owner] } : {}) },
        spec: { containers: [container], ...spec },
      },
      container,
    ).exit;
  };
  const never = { restartPolicy: "Never" };
  const ports = [{ containerPort: 80 }];
  const probe = { httpGet: { port: 80 } };
  const cases: readonly (readonly [what: string, options: Case, exit: ReturnType<typeof exitOf>])[] = [
    ["a Pod that is always restarted has servers", {}, undefined],
    ["a Pod of restart policy Never has tasks", { pod: never }, TASK],
    ["so has one of OnFailure", { pod: { restartPolicy: "OnFailure" } }, TASK],
    ["a container's own restart policy comes first", { pod: never, main: { restartPolicy: "Always" } }, undefined],
    ["also the other way round", { main: { restartPolicy: "Never" } }, TASK],
    [
      "a script that is not understood is a task",
      { pod: never, main: { command: ["sh", "-c", "pg_dump | gzip"] } },
      TASK,
    ],
    [
      "a command that is understood does what it says",
      { pod: never, main: { command: ["sleep", "60"] } },
      { afterMs: 60_010, code: 0 },
    ],
    ["a known server goes on", { pod: never, main: { image: "docker.io/library/nginx:1.29" } }, undefined],
    ["with options too", { pod: never, main: { image: "postgres", args: ["-c", "max_connections=9"] } }, undefined],
    ["but not with another command", { pod: never, main: { image: "postgres", args: ["pg_dump"] } }, TASK],
    [
      "a server's program goes on",
      { pod: never, main: { command: ["/usr/sbin/nginx", "-g", "daemon off;"] } },
      undefined,
    ],
    ["what has ports serves", { pod: never, main: { ports } }, undefined],
    ["what is probed serves", { pod: never, main: { readinessProbe: probe } }, undefined],
    [
      "a Job's container ends with ports and probes",
      { ofJob: true, pod: never, main: { ports, livenessProbe: probe } },
      TASK,
    ],
    ["a Job of a server goes on", { ofJob: true, pod: never, main: { image: "redis" } }, undefined],
    ["what waits for input goes on", { pod: never, main: { stdin: true } }, undefined],
    ["a shell that waits for input too", { pod: never, main: { image: "busybox", stdin: true } }, undefined],
    [
      "an annotation sets the time",
      { pod: never, annotations: { "exit-after-seconds": "9" } },
      { afterMs: 9000, code: 0 },
    ],
    ["or the code", { pod: never, annotations: { "exit-code": "3" } }, { afterMs: 500, code: 3 }],
    ["or lets it go on", { pod: never, annotations: { "exit-after-seconds": "never" } }, undefined],
    [
      "also what its command would end",
      { main: { command: ["true"] }, annotations: { "exit-after-seconds": "never" } },
      undefined,
    ],
  ];
  for (const [what, { annotations = {}, ...rest }, exit] of cases) {
    const prefixed = Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`simulated.knarr.dev/${name}`, value]),
    );
    test(what, () => assert.deepEqual(exitOf({ ...rest, annotations: prefixed }), exit));
  }

  const inInit = (init: Container) =>
    behaviourOf({ ...pod({}), spec: { containers: [{ name: "main" }], initContainers: [init] } }, init);
  test("an init container ends with 0 after a second, whatever its image", () => {
    for (const image of ["nginx", "example.com/app:1"])
      assert.deepEqual(inInit({ name: "wait", image }).exit, { afterMs: 1000, code: 0 });
    const command = ["sh", "-c", "until wget -q -O- http://db; do sleep 2; done"];
    assert.deepEqual(inInit({ name: "wait", image: "busybox", command }).exit, { afterMs: 1000, code: 0 });
    assert.equal(inInit({ name: "wait", image: "busybox", command: ["sleep", "infinity"] }).exit, undefined);
  });

  test("a side-car is a server", () => {
    assert.equal(inInit({ name: "proxy", image: "example.com/proxy", restartPolicy: "Always" }).exit, undefined);
  });

  test("a task that is stopped has not succeeded", () => {
    assert.equal(inInit({ name: "wait", image: "example.com/app:1" }).stopCode, 143);
  });
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
