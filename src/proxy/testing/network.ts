import { execFile, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunCommand } from "#programs";
import type { Request } from "./agent.ts";

/** An agent in a network namespace that carries out commands. */
export interface Agent {
  do(request: Request): Promise<string>;
}

/**
 * A machine made of network namespaces: `node` with the bridge knarr0, pods on it, and `outside` on another
 * network (192.168.7.0/24) with the node's 192.168.7.1 as its way to everything else. No packet leaves it.
 */
export interface TestNetwork {
  readonly node: Agent;
  readonly outside: Agent;
  /** Runs programs on the node. */
  readonly run: RunCommand;
  /** A pod of this address on the bridge. */
  addPod(name: string, ip: string): Promise<Agent>;
  close(): Promise<void>;
}

/** Why there can be no {@link TestNetwork} here; undefined: there can. */
export async function whyNoNetwork(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root, to make network namespaces";
  for (const program of ["ip", "nft", "nsenter"]) {
    try {
      await execute("sh", ["-c", `command -v ${program}`]);
    } catch {
      return `needs ${program}`;
    }
  }
  return undefined;
}

const execute = (program: string, args: readonly string[], input?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(" ")}: ${stderr.trim() || error.message}`));
      else resolve(stdout);
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });

/** Makes a {@link TestNetwork} with nothing but the node and the outside. */
export async function createTestNetwork(): Promise<TestNetwork> {
  const prefix = `knp${process.pid}`;
  const namespaces: string[] = [];
  const children: ChildProcess[] = [];
  const inside = (namespace: string): readonly string[] => [`--net=/run/netns/${prefix}-${namespace}`];
  const enter =
    (namespace: string): RunCommand =>
    (program, args, input) =>
      execute("nsenter", [...inside(namespace), program, ...args], input);
  const ip = (namespace: string, command: string) => enter(namespace)("ip", command.split(" "));

  const addNamespace = async (name: string): Promise<Agent> => {
    await execute("ip", ["netns", "add", `${prefix}-${name}`]);
    namespaces.push(`${prefix}-${name}`);
    await ip(name, "link set lo up");
    const child = spawn("nsenter", [...inside(name), process.execPath, join(import.meta.dirname, "agent.ts"), name], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value ?? "the agent has gone";
    await next();
    let last: Promise<unknown> = Promise.resolve();
    return {
      do(request) {
        const answered = last.then(() => {
          child.stdin.write(`${JSON.stringify(request)}\n`);
          return next();
        });
        last = answered;
        return answered;
      },
    };
  };

  const node = await addNamespace("node");
  const outside = await addNamespace("outside");
  await ip("node", `link add out0 type veth peer name eth0 netns ${prefix}-outside`);
  await ip("node", "address add 192.168.7.1/24 dev out0");
  await ip("node", "link set out0 up");
  await ip("node", "route add default via 192.168.7.254");
  await ip("outside", "address add 192.168.7.9/24 dev eth0");
  await ip("outside", "link set eth0 up");
  // Not the default route: what pods send there must have been given the node's address.
  await ip("outside", "route add 198.51.100.0/24 via 192.168.7.1");

  return {
    node,
    outside,
    run: enter("node"),
    async addPod(name, address) {
      const agent = await addNamespace(name);
      await ip("node", `link add veth-${name} type veth peer name eth0 netns ${prefix}-${name}`);
      await ip("node", `link set veth-${name} master knarr0 up`);
      // As the CNI plugin does with hairpinMode: with br_netfilter, a pod that reaches itself never leaves the bridge.
      await ip("node", `link set veth-${name} type bridge_slave hairpin on`);
      await ip(name, `address add ${address}/24 dev eth0`);
      await ip(name, "link set eth0 up");
      await ip(name, "route add default via 10.244.0.1");
      return agent;
    },
    async close() {
      const ended = children.map((child) => new Promise<void>((resolve) => child.once("exit", () => resolve())));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ended);
      for (const namespace of namespaces) await execute("ip", ["netns", "delete", namespace]);
    },
  };
}
