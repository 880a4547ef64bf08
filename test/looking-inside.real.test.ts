import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { get } from "./support/requests.ts";
import { eventually } from "./support/cluster-under-test.ts";
import { statuses, until } from "./support/pods.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";
import { serverDeployment } from "./support/servers.ts";
import { watching } from "./support/watching.ts";

const skip = await skipUnlessReal();

const pod = (name: string, container: string, spec = "") => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  terminationGracePeriodSeconds: 1
  ${spec}
  containers:
    - ${container}
`;
const SHELL = '{ name: main, image: busybox, command: [sleep, "1000"] }';
const SERVER =
  '{ name: main, image: "test/server:1", ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }';

describe("looking inside real containers (S10, S25)", { skip, concurrency: 6 }, () => {
  const real = useRealCluster();

  test("kubectl logs takes all its options", async () => {
    const kubectl = await real.ready(
      "logs",
      pod("talker", SERVER),
      pod(
        "short",
        "{ name: main, image: busybox, command: [sh, -c, 'echo out; echo err >&2; printf unfinished; sleep 1000'] }",
      ),
      pod(
        "crash",
        "{ name: main, image: busybox, command: [sh, -c, '[ -e /w/x ] && sleep 1000; touch /w/x; echo before; printf end; exit 1'], volumeMounts: [{ name: w, mountPath: /w }] }",
        "volumes: [{ name: w, emptyDir: {} }]",
      ),
    );
    await kubectl("exec", "talker", "--", "true");
    const talk = (lines: number) =>
      kubectl("get", "--raw", `/api/v1/namespaces/logs/pods/talker:8080/proxy/log?lines=${lines}`);
    await talk(5);
    // What a container has written is in the log a moment later.
    const all = await eventually("what was said", async () => {
      const text = await kubectl("logs", "talker");
      return text.split("\n").length > 6 && text;
    });
    const lines = all.slice(0, -1).split("\n");
    assert.equal(lines.length, 6, all);
    assert.equal(await kubectl("logs", "talker", "--tail=2"), `${lines.slice(-2).join("\n")}\n`);
    assert.equal(await kubectl("logs", "talker", "--tail=0"), "");
    assert.equal(await kubectl("logs", "talker", "--limit-bytes=9"), all.slice(0, 9));
    const stamped = (await kubectl("logs", "talker", "--timestamps")).slice(0, -1).split("\n");
    for (const [i, line] of stamped.entries()) {
      const [time = "", ...rest] = line.split(" ");
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      assert.equal(rest.join(" "), lines[i]);
    }
    const last = stamped.at(-1)!.split(" ")[0]!;
    const after = new Date(Date.parse(last) + 1000).toISOString();
    assert.equal(await kubectl("logs", "talker", `--since-time=${after}`), "");
    assert.equal(await kubectl("logs", "talker", "--since-time=2020-01-01T00:00:00Z"), all);
    assert.equal(await kubectl("logs", "talker", "--since=1h"), all);

    // Of several at once; of the run before, whose last line has no end.
    const prefixed = await kubectl("logs", "-l", "app in (talker, short)", "--prefix", "--tail=1");
    assert.match(prefixed, /^\[pod\/talker\/main\] /m);
    assert.match(prefixed, /^\[pod\/short\/main\] (out|err)$/m);
    await until(kubectl, "crash", "to run again", (at) => statuses(at).get("main")?.restartCount === 1);
    assert.equal(await kubectl("logs", "crash", "--previous"), "before\nend");
    const none = await kubectl.try(["logs", "talker", "-p"]);
    assert.match(none.stderr, /previous terminated container "main" in pod "talker" not found/);

    // Followed: what is there, what comes, and the end with the container's.
    await using follower = watching(kubectl, "logs", "talker", "-f", "--tail=1");
    await follower.shows("the last line", (printed) => printed.length > 0);
    await talk(3);
    await follower.shows("the lines that came", (printed) => printed.trimEnd().split("\n").length === 4);
    await kubectl("delete", "pod", "talker");
    assert.equal((await follower.over).code, 0);
  });

  test("kubectl logs shows all containers, init containers among them", async () => {
    const init = "initContainers: [{ name: first, image: busybox, command: [echo, prepared] }]";
    const second = '    - { name: second, image: busybox, command: [sh, -c, "echo two; sleep 1000"] }\n';
    const manifest = `${pod("two", "{ name: main, image: busybox, command: [sh, -c, 'echo one; sleep 1000'] }", init)}${second}`;
    const kubectl = await real.ready("all-logs", manifest);
    // A container is ready before it has said anything.
    await eventually("what each has said", async () => {
      const text = await kubectl("logs", "two", "--all-containers", "--prefix");
      assert.deepEqual(text.trimEnd().split("\n").toSorted(), [
        "[pod/two/first] prepared",
        "[pod/two/main] one",
        "[pod/two/second] two",
      ]);
      return true;
    });
    assert.equal(await kubectl("logs", "two", "-c", "second"), "two\n");
    const wrong = await kubectl.try(["logs", "two", "-c", "third"]);
    assert.match(wrong.stderr, /container third is not valid for pod two/);
  });

  test("a log that has grown too large is put aside, and nothing of its end is lost", async () => {
    const kubectl = await real.ready("rotation", pod("loud", SERVER));
    // More than 10 MiB: the size at which logs are put aside.
    const megabytes = 12;
    for (let i = 0; i < megabytes; i++)
      await kubectl("get", "--raw", "/api/v1/namespaces/rotation/pods/loud:8080/proxy/log?lines=1024&bytes=1024");
    const uid = await kubectl("get", "pod", "loud", "-o", "jsonpath={.metadata.uid}");
    const folder = join(real.cluster.dataDir, `logs/rotation_loud_${uid}/main`);
    const list = async () => (await real.namespace.must("ls", [folder])).trim().split("\n");
    await eventually("the file to be put aside", async () => (await list()).length > 1);
    await kubectl("get", "--raw", "/api/v1/namespaces/rotation/pods/loud:8080/proxy/log?lines=3&bytes=20");
    const text = await kubectl("logs", "loud", "--tail=2000");
    assert.equal(text.trimEnd().split("\n").length, 2000);
  });

  test("kubectl exec carries streams, exit codes, and a terminal that changes its size", async () => {
    const kubectl = await real.ready("exec", pod("shell", SHELL));
    const failed = await kubectl.try(["exec", "shell", "--", "sh", "-c", "echo out; echo err >&2; exit 9"]);
    assert.deepEqual([failed.code, failed.stdout], [9, "out\n"]);
    assert.match(failed.stderr, /^err\n/);
    const piped = await kubectl.try(["exec", "-i", "shell", "--", "wc", "-c"], { input: "x".repeat(100_000) });
    assert.equal(piped.stdout.trim(), "100000");
    const missing = await kubectl.try(["exec", "shell", "--", "/nope"]);
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /exec: "\/nope": stat \/nope: no such file or directory/);

    const terminal = kubectl.terminal(["exec", "-it", "shell", "--", "sh"], { columns: 101, rows: 41 });
    await terminal.shows(/\/ # /);
    // Its size is sent beside the input.
    terminal.type("until [ \"$(stty size)\" = '41 101' ]; do :; done; echo si''zed\n");
    await terminal.shows(/sized/);
    await terminal.resize({ columns: 77, rows: 33 });
    terminal.type("until [ \"$(stty size)\" = '33 77' ]; do :; done; echo resi''zed\n");
    await terminal.shows(/resized/);
    terminal.type("exit 7\n");
    assert.equal(await terminal.ended, 7);
  });

  test("kubectl run -it --rm and kubectl attach join a container's process", async () => {
    const kubectl = await real.cluster.inNamespace("attach");
    const terminal = kubectl.terminal(["run", "it", "--rm", "-it", "--image=busybox", "--restart=Never", "--", "sh"]);
    await terminal.shows(/try pressing enter|\/ # /);
    terminal.type("tty; exit 3\n");
    await terminal.shows(/\/dev\/pts\/0[\s\S]*pod "it" deleted/);
    assert.equal(await terminal.ended, 3);
    assert.equal((await kubectl.try(["get", "pod", "it"])).code, 1);

    const echo =
      "{ name: main, image: busybox, stdin: true, stdinOnce: true, command: [sh, -c, 'read a; echo got $a'] }";
    await kubectl.apply(pod("reader", echo, "restartPolicy: Never"));
    await kubectl("wait", "--for=condition=Ready", "pod/reader", "--timeout=120s");
    const attached = await kubectl.try(["attach", "-i", "reader"], { input: "this\n" });
    assert.match(attached.stdout, /got this/);
    await kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/reader", "--timeout=120s");
  });

  test("kubectl debug adds an ephemeral container beside another one's processes, copies a Pod, and enters the node", async () => {
    const kubectl = await real.ready("debug", pod("target", SERVER));
    await kubectl(
      "debug",
      "target",
      "--image=busybox",
      "-c",
      "look",
      "--",
      "sh",
      "-c",
      "wget -qO- localhost:8080/hostname",
    );
    await kubectl(
      "wait",
      "--for=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.reason}=Completed",
      "pod/target",
      "--timeout=120s",
    );
    assert.equal(await kubectl("logs", "target", "-c", "look"), "target");

    const inside = kubectl.terminal(["debug", "-it", "target", "--image=busybox", "--target=main", "--", "sh"]);
    await inside.shows(/try pressing enter|\/ # /);
    inside.type("ps; exit\n");
    // Process 1 is the target's.
    await inside.shows(/\n +1 root +.*server/);
    assert.equal(await inside.ended, 0);

    const copy = ["debug", "-it", "target", "--copy-to=copied", "--image=busybox", "--container=extra", "--", "sh"];
    const beside = kubectl.terminal(copy);
    await beside.shows(/try pressing enter|\/ # /);
    beside.type("hostname; exit\n");
    await beside.shows(/\ncopied/);
    assert.equal(await beside.ended, 0);

    const node = await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}");
    const host = kubectl.terminal(["debug", "-it", `node/${node}`, "--image=busybox", "--", "sh"]);
    await host.shows(/try pressing enter|\/ # /);
    host.type("ls -d /host/etc; exit\n");
    await host.shows(/\n\/host\/etc/);
    assert.equal(await host.ended, 0);
  });

  test("kubectl cp copies files and folders both ways", async () => {
    const kubectl = await real.ready("copies", pod("store", SHELL));
    const folder = join(real.cluster.dir, "copies");
    await mkdir(join(folder, "deep/er"), { recursive: true });
    const content = randomBytes(3 << 20);
    await writeFile(join(folder, "deep/er/large"), content);
    await writeFile(join(folder, "small"), "small\n");
    await kubectl("cp", folder, "store:/tmp/there");
    assert.equal(await kubectl("exec", "store", "--", "cat", "/tmp/there/small"), "small\n");
    await kubectl("cp", "store:/tmp/there", join(folder, "back"));
    assert.ok((await readFile(join(folder, "back/deep/er/large"))).equals(content));
    await kubectl("cp", "store:/tmp/there/small", join(folder, "alone"));
    assert.equal(await readFile(join(folder, "alone"), "utf8"), "small\n");
  });

  test("kubectl port-forward leads to a Pod, a Service and a Deployment", async () => {
    const kubectl = await real.ready("forward", pod("web", SERVER));
    await kubectl("expose", "pod", "web", "--port=80", "--target-port=8080");
    await kubectl.apply(JSON.stringify(serverDeployment("more", 1, { image: "test/server:2" })));
    await kubectl("rollout", "status", "deployment/more", "--timeout=120s");
    for (const [target, port, path, answer] of [
      ["pod/web", "8080", "hostname", "web"],
      ["service/web", "80", "hostname", "web"],
      ["deployment/more", "8080", "version", "2"],
    ] as const) {
      const forward = kubectl.spawn("port-forward", target, `:${port}`);
      let output = "";
      forward.stdout!.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      const local = await eventually("a port", async () => /127\.0\.0\.1:(\d+) ->/.exec(output)?.[1]);
      assert.equal((await get(real.namespace, `http://127.0.0.1:${local}/${path}`)).trim(), answer, target);
      forward.kill();
    }
  });

  test("the API server is a proxy to Pods, Services and nodes", async () => {
    const kubectl = await real.ready("proxy", pod("web", SERVER));
    await kubectl("expose", "pod", "web", "--port=80", "--target-port=8080");
    const base = "/api/v1/namespaces/proxy";
    const raw = (path: string) => kubectl("get", "--raw", path);
    assert.equal((await raw(`${base}/pods/web:8080/proxy/hostname`)).trim(), "web");
    await eventually(
      "the Service to answer",
      async () => (await raw(`${base}/services/web:80/proxy/hostname`)).trim() === "web",
    );
    assert.equal((await raw(`${base}/pods/web:8080/proxy/echo?msg=a+b`)).trim(), "a b");
    const node = await kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}");
    assert.equal(await raw(`/api/v1/nodes/${node}/proxy/healthz`), "ok");
    const pods = JSON.parse(await raw(`/api/v1/nodes/${node}/proxy/pods`)) as {
      items: { metadata: { name: string } }[];
    };
    assert.ok(pods.items.some(({ metadata }) => metadata.name === "web"));
    const refused = await kubectl.try(["get", "--raw", `${base}/pods/web:9999/proxy/`]);
    assert.match(refused.stderr, /connection refused/);
  });

  test("kubectl top shows what nodes and Pods use", async () => {
    const kubectl = await real.ready("top", pod("busy", SERVER));
    // What is used per second takes two looks.
    const nodes = await eventually("what the node uses", () => kubectl("top", "nodes"));
    assert.match(nodes, /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\) *\n\S+ +\d+m +\d+% +\d+Mi +\d+%/);
    const pods = await eventually("what the pod uses", async () => {
      const { code, stdout } = await kubectl.try(["top", "pods", "--containers"]);
      return code === 0 && /busy/.test(stdout) && stdout;
    });
    assert.match(pods, /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\nbusy +main +\d+m +[1-9]\d*Mi/);
  });
});
