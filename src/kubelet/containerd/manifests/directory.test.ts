import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog, createScope, createVirtualClock, systemClock, type Clock } from "#base";
import { watchManifests } from "./directory.ts";

const manifest = (name: string, image = "nginx") =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: ${name} }, spec: { containers: [{ name: a, image: ${image} }] } }`;

/** All at once: what is seen half written is no pod. */
async function put(directory: string, name: string, text: string): Promise<void> {
  const file = join(directory, `.${name}.new`);
  await writeFile(file, text);
  await rename(file, join(directory, name));
}

async function watched(clock: Clock, use: (world: World) => Promise<void>) {
  const root = await mkdtemp(join(tmpdir(), "knarr-manifests-"));
  const scope = createScope("test");
  const complaints: string[] = [];
  const log = createLog((level, message, fields) => complaints.push(`${level} ${message} ${String(fields["error"])}`));
  const directory = join(root, "manifests");
  const told: string[] = [];
  let wake: (() => void) | undefined;
  const start = () => {
    const source = watchManifests({ directory, nodeName: "n1", clock, log, scope });
    source.subscribe((pods) => {
      told.push(pods.map(({ metadata, spec }) => `${metadata.name}=${spec?.containers?.[0]?.image}`).join(" "));
      wake?.();
    });
  };
  try {
    await use({
      directory,
      complaints,
      told,
      start,
      async next() {
        if (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        return told.shift();
      },
    });
  } finally {
    await scope.close();
    await rm(root, { recursive: true });
  }
}

interface World {
  readonly directory: string;
  readonly complaints: readonly string[];
  readonly told: string[];
  start(): void;
  /** The next update. */
  next(): Promise<string | undefined>;
}

test("manifests that come, change and go in a directory are reported, broken ones with a complaint", () =>
  watched(systemClock, async ({ directory, complaints, start, next }) => {
    await mkdir(join(directory, "folder"), { recursive: true });
    await writeFile(join(directory, ".hidden"), manifest("hidden"));
    await put(directory, "b.yaml", manifest("b"));
    start();
    assert.equal(await next(), "b-n1=nginx");
    await put(directory, "a.json", manifest("a"));
    assert.equal(await next(), "a-n1=nginx b-n1=nginx");
    await put(directory, "b.yaml", manifest("b", "httpd"));
    assert.equal(await next(), "a-n1=nginx b-n1=httpd");
    assert.deepEqual(complaints, []);
    await put(directory, "a.json", "a: [");
    assert.equal(await next(), "b-n1=httpd");
    assert.equal(complaints.length, 1);
    assert.match(complaints[0] ?? "", /^error a manifest is no pod/);
    await rm(join(directory, "b.yaml"));
    assert.equal(await next(), "");
  }));

test("a directory that comes later is found by looking every 20 s, and no change is reported twice", async () => {
  const clock = createVirtualClock();
  await watched(clock, async ({ directory, start, next, told }) => {
    start();
    assert.equal(await next(), "");
    await mkdir(directory);
    await writeFile(join(directory, "a.yaml"), manifest("a"));
    await clock.advance(20_000);
    assert.equal(await next(), "a-n1=nginx");
    for (let i = 0; i < 5; i++) await clock.advance(20_000);
    assert.deepEqual(told, [], "what is as before is not told again");
  });
});
