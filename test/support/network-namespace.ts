import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { run, type Outcome, type RunOptions } from "./run.ts";
import { findCommand, must } from "./commands.ts";

/**
 * A network of a test's own: loopback, and a way out that leads nowhere. Programs run inside it see the machine's
 * files, mounts and cgroups as ever; only their network is another one.
 */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  /** `/run/netns/<name>` */
  readonly path: string;
  /** Of the machine in this network: what a node takes for its address. */
  readonly address: string;
  /** The command line that runs a program inside. */
  command(program: string, args: readonly string[]): readonly [command: string, args: string[]];
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** As {@link run}, and rejects when it exits with anything but 0; resolves to what it printed. */
  must(program: string, args: readonly string[], options?: RunOptions): Promise<string>;
  spawn(program: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Ids of the processes whose network this is, and of all they started. */
  processes(): number[];
}

/** Of a range that is for documentation only (RFC 5737): no machine has it. */
const ADDRESS = "192.0.2.2";
const PREFIX = "knarr-test-";
let made = 0;

/**
 * Whatever would leave by the way out is refused at once, so that no program waits for an answer (a look-up in the DNS
 * of the machine), and nothing gets out. Routes are there all the same: addresses of Services are turned into others
 * only on the way. What is turned (an external address) has its new destination here already, and its old way out.
 */
const FENCE = `table inet knarr_test_fence {
  chain output {
    type filter hook output priority 100;
    ct status dnat accept
    oifname "uplink0" ip daddr != ${ADDRESS} counter reject
  }
  chain forward {
    type filter hook forward priority 100;
    oifname "uplink0" counter reject
  }
}
`;

/** Needs root. Disposing of it ends every process in it. */
export async function createTestNamespace(): Promise<TestNamespace> {
  const name = `${PREFIX}${process.pid}-${made++}`;
  const path = `/run/netns/${name}`;
  await must("ip", ["netns", "add", name]);
  const namespace = inside(name, path);
  try {
    for (const line of [
      "link set lo up",
      "link add uplink0 type veth peer name uplink1",
      `addr add ${ADDRESS}/24 dev uplink0`,
      "link set uplink0 up",
      "link set uplink1 up",
      `route add default dev uplink0 src ${ADDRESS}`,
    ])
      await namespace.must("ip", line.split(" "));
    await namespace.must("nft", ["-f", "-"], { input: FENCE });
  } catch (error) {
    await namespace[Symbol.asyncDispose]();
    throw error;
  }
  return namespace;
}

/** Of another such range. */
const NODE_SIDE = "198.51.100.1";
const OUTSIDE = "198.51.100.2";

/**
 * Another machine: a network whose only way is to the node in `namespace`, by a link of their own. `address` is its
 * own; the node's on that link is `gateway`. It has to go before `namespace` does.
 */
export async function createNeighbour(namespace: TestNamespace): Promise<TestNamespace & { readonly gateway: string }> {
  const name = `${PREFIX}${process.pid}-${made++}`;
  const path = `/run/netns/${name}`;
  await must("ip", ["netns", "add", name]);
  const neighbour = inside(name, path, OUTSIDE);
  try {
    await namespace.must("ip", ["link", "add", "beside0", "type", "veth", "peer", "name", "beside1", "netns", path]);
    await namespace.must("ip", ["addr", "add", `${NODE_SIDE}/24`, "dev", "beside0"]);
    await namespace.must("ip", ["link", "set", "beside0", "up"]);
    await neighbour.must("ip", ["link", "set", "lo", "up"]);
    await neighbour.must("ip", ["addr", "add", `${OUTSIDE}/24`, "dev", "beside1"]);
    await neighbour.must("ip", ["link", "set", "beside1", "up"]);
    await neighbour.must("ip", ["route", "add", `${namespace.address}/32`, "via", NODE_SIDE]);
  } catch (error) {
    await neighbour[Symbol.asyncDispose]();
    throw error;
  }
  return { ...neighbour, gateway: NODE_SIDE };
}

function inside(name: string, path: string, address = ADDRESS): TestNamespace {
  const command: TestNamespace["command"] = (program, args) => [
    findCommand("nsenter")!,
    [`--net=${path}`, findCommand(program) ?? program, ...args],
  ];
  return {
    name,
    path,
    address,
    command,
    run: (program, args, options) => run(...command(program, args), options),
    must: (program, args, options) => must(...command(program, args), options),
    spawn: (program, args, options = {}) => spawn(...command(program, args), options),
    processes: () => processesIn(statSync(path).ino),
    async [Symbol.asyncDispose]() {
      await endAll(() => processesIn(statSync(path).ino));
      await must("ip", ["netns", "del", name]);
    },
  };
}

/** Until none is left: a process that was about to start another one may do so once. */
async function endAll(look: () => readonly number[]): Promise<void> {
  const ROUNDS = 50;
  for (let round = 0; round < ROUNDS; round++) {
    const found = look();
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await delay(20);
  }
}

/** Processes of the network namespace with this inode, and their descendants, which may be in others by now. */
function processesIn(inode: number): number[] {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))!;
      if (state === "Z") continue;
      parents.set(pid, Number(parent));
      if (statSync(`/proc/${name}/ns/net`).ino === inode) found.add(pid);
    } catch {
      // It ended while it was looked at.
    }
  }
  const belongs = (pid: number): boolean => {
    for (let at = pid, depth = 0; at > 1 && depth < 64; at = parents.get(at) ?? 0, depth++)
      if (found.has(at)) return true;
    return false;
  };
  return [...parents.keys()].filter(belongs);
}
