import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { createScope } from "#base";
import { createShell } from "./shell.ts";

const shells = async () => {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
};

describe(
  "a program that is run by way of a shell",
  { skip: process.platform === "linux" ? false : "needs Linux" },
  () => {
    test("gets arguments and input of any size, and gives output or the reason of its failure", async () => {
      await using scope = createScope("test");
      const run = createShell(scope);
      assert.equal(await run("printf", ["%s|%s", "a b", "$HOME `x` 'y' \\"]), "a b|$HOME `x` 'y' \\");
      assert.equal(await run("wc", ["-c"], "ümlaut\n"), "8");
      const large = "0123456789abcde\n".repeat(1 << 16);
      assert.equal(await run("wc", ["-c"], large), String(large.length));
      await assert.rejects(run("sh", ["-c", "echo why >&2; exit 3"]), { message: "why" });
      await assert.rejects(
        run("false", [], large),
        { message: "false exited with 1" },
        "input that the program does not read",
      );
      await assert.rejects(run("no-such-program", []), /no-such-program/);
      assert.ok(
        (await run("sh", ["-c", "head -c 3000000 /dev/zero | tr '\\0' x"])).startsWith("xxx"),
        "more than is kept",
      );
      assert.equal(await run("cat", [], "the same shell\n"), "the same shell");
    });

    test("runs after the one before it has ended", async () => {
      await using scope = createScope("test");
      const run = createShell(scope);
      const ended: string[] = [];
      const commands = ["sleep 0.05; echo one", "echo two", "exit 1", "echo three"];
      const results = commands.map((command) => run("sh", ["-c", command]).then((text) => ended.push(text)));
      await Promise.allSettled(results);
      assert.deepEqual(ended, ["one", "two", "three"]);
    });

    test("runs in another shell when that is killed, and the last shell ends with the scope", async () => {
      await using scope = createScope("test");
      const run = createShell(scope);
      await run("true", []);
      await run("true", []);
      const [first, ...more] = await shells();
      assert.ok(first !== undefined && more.length === 0);
      process.kill(first, "SIGINT");
      await run("true", []);
      assert.deepEqual(await shells(), [first]);
      const interrupted = run("sleep", ["0.1"]);
      process.kill(first, "SIGKILL");
      await assert.rejects(interrupted, { message: "the shell has ended" });
      assert.equal(await run("echo", ["again"]), "again");
      assert.notDeepEqual(await shells(), [first]);
      await scope.close();
      assert.deepEqual(await shells(), []);
      await assert.rejects(run("true", []), /closed/);
    });

    test("is not begun when the scope closes first, and starts no shell", async () => {
      const scope = createScope("test");
      const run = createShell(scope);
      const begun = run("sh", ["-c", "sleep 0.05; echo one"]);
      const waiting = [run("echo", ["two"]), run("echo", ["three"]), run("echo", ["four"])];
      const outcomes = Promise.allSettled(waiting);
      // One that has begun is let finish.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await scope.close();
      assert.equal(await begun, "one");
      for (const outcome of await outcomes) {
        assert.match(outcome.status === "rejected" ? String(outcome.reason) : outcome.value, /closed/);
      }
      assert.deepEqual(await shells(), []);
    });
  },
);
