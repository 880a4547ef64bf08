import assert from "node:assert/strict";
import { it } from "node:test";
import { describeInside } from "../testing/inside.ts";
import { useContainerWorld } from "../testing/use-world.ts";
import { podOf } from "../testing/world.ts";

const OUTPUT = { stdin: false, stdout: true, stderr: true, tty: false };

async function textOf(input: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(part);
  return Buffer.concat(parts).toString();
}

await describeInside("streams of containerd", import.meta.filename, () => {
  const world = useContainerWorld("10.202.0.0/24");

  const streams = () => {
    const found = world.runtime.streams;
    assert.ok(found);
    return found;
  };
  const start = async (script: string, more: Parameters<typeof podOf>[1] = {}) => {
    const pod = podOf({}, more);
    const sandbox = await world.runtime.createSandbox(pod, 0);
    return { pod, sandbox, container: await world.run(pod, sandbox, script) };
  };

  it("run commands beside a container", async () => {
    const { pod, container } = await start("exec sleep 1000");
    const exec = async (command: readonly string[], input?: string) => {
      const running = await streams().exec(container.id, { ...OUTPUT, stdin: input !== undefined, command });
      if (input !== undefined) {
        await running.writeStdin(Buffer.from(input));
        await running.endStdin();
      }
      const got = await Promise.all([textOf(running.stdout), textOf(running.stderr), running.ended]);
      running.close();
      return got;
    };
    assert.deepEqual(await exec(["sh", "-c", "echo out; echo err >&2; exit 7"]), [
      "out\n",
      "err\n",
      { type: "exited", exitCode: 7 },
    ]);
    assert.deepEqual(await exec(["cat"], "in\n"), ["in\n", "", { type: "exited", exitCode: 0 }]);
    const [, , end] = await exec(["/no/such"]);
    assert.ok(end.type === "failed");
    assert.match(end.message, /^failed to exec in container: .*no such file or directory/);
    const large = await streams().exec(container.id, {
      ...OUTPUT,
      command: ["head", "-c", "100000000", "/dev/zero"],
    });
    let size = 0;
    for await (const part of large.stdout) size += part.length;
    assert.equal(size, 100_000_000);
    assert.deepEqual(await large.ended, { type: "exited", exitCode: 0 });
    large.close();
    await assert.rejects(streams().exec("containerd://0000", { ...OUTPUT, command: ["true"] }), /not found/);
    await world.runtime.removePod(pod);
  });

  it("give a command a terminal of the size that is asked for", async () => {
    const { pod, container } = await start("exec sleep 1000");
    const wanted = { stdin: true, stdout: true, stderr: false, tty: true };
    const script = "while [ \"$(busybox stty size)\" != '37 91' ]; do sleep 0.1; done; read line; echo got $line";
    const running = await streams().exec(container.id, { ...wanted, command: ["sh", "-c", script] });
    running.resize(91, 37);
    await running.writeStdin(Buffer.from("words\n"));
    assert.match(await textOf(running.stdout), /got words\r\n$/);
    assert.deepEqual(await running.ended, { type: "exited", exitCode: 0 });
    running.close();
    await world.runtime.removePod(pod);
  });

  it("join a container's own process", async () => {
    const { pod, container } = await start("read line; echo got $line; sleep 0.2; exit 4", { stdin: true });
    const running = await streams().attach(container.id, { ...OUTPUT, stdin: true });
    await running.writeStdin(Buffer.from("words\n"));
    assert.equal(await textOf(running.stdout), "got words\n");
    assert.deepEqual(await running.ended, { type: "exited", exitCode: 0 });
    running.close();
    assert.equal((await container.exited).exitCode, 4);
    await world.runtime.removePod(pod);
  });

  it("lead to ports on a pod's loopback", async () => {
    const script = "while :; do busybox nc -l -p 8080 -e echo served; done";
    const { pod, sandbox } = await start(script);
    const fetch = async (port: number) => {
      const stream = await streams().portForward(sandbox.id, port);
      try {
        await stream.end();
        return await textOf(stream.input);
      } finally {
        stream.close();
      }
    };
    let got = "";
    for (let tries = 0; tries < 100 && got === ""; tries += 1) got = await fetch(8080).catch(() => "");
    assert.equal(got, "served\n");
    await assert.rejects(fetch(9), /^Error: failed to execute portforward in network namespace .*connection refused/);
    await world.runtime.removePod(pod);
  });
});
