import type { ConnectRequest } from "#apiserver";
import { messageOf, type Clock } from "#base";
import type { HttpResponse } from "#http";
import type { KubeletStreams, RemoteProcess } from "#kubelet";
import type { Pod } from "#objects";
import { acceptRemoteCommand, UpgradeRefused, type RemoteCommand, type WantedStreams } from "#wire";
import { exitStatus, failure, SUCCESS } from "./process-status.ts";
import { parseStreams } from "./stream-options.ts";

export interface ProcessRequest {
  readonly connect: ConnectRequest;
  readonly pod: Pod;
  readonly container: string;
  readonly streams: KubeletStreams;
  readonly clock: Clock;
}

/** Runs a command in a container and joins the client to it. Resolves once it is over. */
export async function connectExec({ connect, pod, container, streams, clock }: ProcessRequest): Promise<HttpResponse> {
  const { query, request } = connect;
  const wanted = parseStreams(query);
  const command = query.getAll("command");
  const id = streams.runningContainer(pod, container);
  if (id === undefined) throw new UpgradeRefused(500, `container not found (${JSON.stringify(container)})`);
  const client = await acceptRemoteCommand(request, wanted, clock);
  await serve(client, {
    start: () => streams.exec(id, { ...wanted, command }),
    failed: (message) => `error executing command in container: ${message}`,
    command,
  });
  return UPGRADED;
}

/** Joins the client to a container's own process. Resolves once it is over. */
export async function connectAttach({
  connect,
  pod,
  container,
  streams,
  clock,
}: ProcessRequest): Promise<HttpResponse> {
  const { query, request } = connect;
  const asked = parseStreams(query);
  const id = streams.runningContainer(pod, container);
  if (id === undefined) throw new UpgradeRefused(500, `container ${container} not found in pod ${fullName(pod)}`);
  const tty = hasTerminal(pod, container);
  const wanted: WantedStreams = { ...asked, tty, stderr: asked.stderr && !tty };
  const client = await acceptRemoteCommand(request, asked, clock);
  await serve(client, {
    start: () => streams.attach(id, wanted),
    failed: (message) => `error attaching to container: ${message}`,
  });
  return UPGRADED;
}

const UPGRADED: HttpResponse = { status: 101, headers: {}, body: { type: "upgraded" } };

interface Joined {
  readonly start: () => Promise<RemoteProcess>;
  /** The message of why it could not be run. */
  readonly failed: (message: string) => string;
  /** Of an exec: its exit code is told. */
  readonly command?: readonly string[];
}

async function serve(client: RemoteCommand, { start, failed, command }: Joined): Promise<void> {
  try {
    const process = await start();
    const end = await join(client, process);
    if (end.type === "failed") await client.finish(failure(failed(end.message), client.version));
    else await client.finish(command ? exitStatus(end.exitCode, command, client.version) : SUCCESS);
  } catch (error) {
    await client.finish(failure(failed(messageOf(error)), client.version));
  }
}

/** Carries bytes between the two until the process is over and all that it wrote is with the client. */
async function join(client: RemoteCommand, process: RemoteProcess) {
  const close = () => process.close();
  client.signal.addEventListener("abort", close, { once: true });
  if (client.signal.aborted) close();
  // Once the client is gone the rest of the output is dropped.
  const carry = async (from: AsyncIterable<Uint8Array>, write: (bytes: Uint8Array) => Promise<void>) => {
    try {
      for await (const bytes of from) await write(bytes);
    } catch (error) {
      if (!client.signal.aborted) throw error;
    }
  };
  const stdin = async () => {
    for await (const bytes of client.stdin) await process.writeStdin(bytes);
    await process.endStdin();
  };
  const sizes = async () => {
    for await (const { width, height } of client.sizes) process.resize(width, height);
  };
  // A process need not take its input to the end, nor to have any.
  stdin().catch(() => {});
  sizes().catch(() => {});
  try {
    const [end] = await Promise.all([
      process.ended,
      carry(process.stdout, (bytes) => client.writeStdout(bytes)),
      carry(process.stderr, (bytes) => client.writeStderr(bytes)),
    ]);
    return end;
  } finally {
    client.signal.removeEventListener("abort", close);
    process.close();
  }
}

const fullName = ({ metadata: { name = "", namespace = "" } }: Pod) => `${name}_${namespace}`;

function hasTerminal({ spec }: Pod, container: string): boolean {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  return (
    [...containers, ...initContainers, ...ephemeralContainers].find(({ name }) => name === container)?.tty === true
  );
}
