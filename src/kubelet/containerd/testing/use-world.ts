import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, before } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { LogLine, RunningContainer, Sandbox } from "#kubelet";
import type { Pod } from "#objects";
import { createContainerWorld, type ContainerWorld } from "./world.ts";

/** The world of all tests of a `describe`, and what they do in it. */
export interface UsedWorld extends Omit<ContainerWorld, "containerd" | "close"> {
  /** A sandbox for the pod, and its container with a shell script in it. */
  start(pod: Pod, script: string): Promise<{ readonly sandbox: Sandbox; readonly container: RunningContainer }>;
  logOf(id: string, follow?: boolean): Promise<string>;
  /** The process of a container, by CRI's id. */
  pidOf(id: string): Promise<number>;
}

/** Made before the tests and removed after them, with nothing left of it. */
export function useContainerWorld(podCidr: string): UsedWorld {
  let made: ContainerWorld | undefined;
  const world = () => {
    assert.ok(made, "asked for before it was made");
    return made;
  };
  before(async () => {
    made = await createContainerWorld(podCidr);
  });
  after(async () => {
    const { folder, close } = world();
    await close();
    assert.deepEqual(processesOf(folder), [], "a process is left");
    assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(folder), "a mount is left");
    assert.ok(!existsSync(folder));
  });
  return {
    get folder() {
      return world().folder;
    },
    get runtime() {
      return world().runtime;
    },
    restartRuntime: (change) => world().restartRuntime(change),
    restartSupervision: () => world().restartSupervision(),
    run: (...args) => world().run(...args),
    async start(pod, script) {
      const sandbox = await world().runtime.createSandbox(pod, 0);
      return { sandbox, container: await world().run(pod, sandbox, script) };
    },
    logOf: (id, follow = false) => textOf(world().runtime.logs(id, { follow, signal: new AbortController().signal })),
    async pidOf(id) {
      const request = { containerId: id, verbose: true };
      const { info } = await world().runtime.cri.call("RuntimeService.ContainerStatus", request);
      return (JSON.parse(info["info"]!) as { pid: number }).pid;
    },
  };
}

export const criIdOf = ({ id }: RunningContainer): string => id.replace("containerd://", "");

/** Waits until something holds. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let i = 0; i < 600; i++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await wait(50);
  }
  throw new Error(`never came: ${what}`);
}

/** Processes whose command line has the text in it. */
export const processesOf = (text: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);

async function textOf(lines: AsyncIterable<LogLine>): Promise<string> {
  let text = "";
  for await (const line of lines) text += `${line.text}\n`;
  return text;
}
