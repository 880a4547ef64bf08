import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { tarArchive, type TarEntry } from "./tar.ts";

const deep = `${"folder-with-a-long-name/".repeat(6)}file`;
const ENTRIES: readonly TarEntry[] = [
  { type: "directory", path: "etc" },
  { type: "file", path: "etc/motd", content: "hällo\n" },
  { type: "file", path: "tool", mode: 0o755, content: "x".repeat(512) },
  { type: "symlink", path: "link", target: "/etc/motd" },
  { type: "file", path: deep, content: "" },
];

test("an archive is what tar takes it for", () => {
  const { status, stdout, stderr } = spawnSync("tar", ["--list", "--verbose", "--numeric-owner", "--file", "-"], {
    input: tarArchive(ENTRIES),
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC", LC_ALL: "C" },
  });
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(/ +/g, " ")),
    [
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/",
      "-rw-r--r-- 0/0 7 1970-01-01 00:00 etc/motd",
      "-rwxr-xr-x 0/0 512 1970-01-01 00:00 tool",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00 link -> /etc/motd",
      `-rw-r--r-- 0/0 0 1970-01-01 00:00 ${deep}`,
    ],
  );
});

test("a path that no header has room for is refused", () => {
  assert.throws(() => tarArchive([{ type: "file", path: "x".repeat(101), content: "" }]), /too long/);
});
