import { once } from "node:events";
import { connect } from "node:net";
import type { Clock } from "#base";
import { GrpcError } from "#wire/grpc";
import type { RuntimeCondition, StatusResponse } from "../cri/messages.ts";
import { openCri, type Cri } from "../cri/services.ts";
import { createImageTools, type ImageTools } from "./image-tools.ts";

/** A containerd that the user starts and configures. */
export interface GivenContainerd extends Pick<ImageTools, "mountImage" | "unmountImage"> {
  readonly socket: string;
  /** `1.6.20` */
  readonly version: string;
  /** On the file system that its images are on. */
  readonly imageFolder: string;
  /** What is in the way of pods, in words that follow its name: `has no network for pods …`. */
  readonly problem?: string;
}

const ANSWER_MS = 10_000;

/** Checks that the containerd at a socket can run pods. Rejects with an Error that says in one line why it cannot. */
export async function connectContainerd(socket: string, clock: Clock): Promise<GivenContainerd> {
  await knock(socket);
  const cri = await openCri(socket, clock);
  try {
    const version = await versionOf(cri, socket);
    const status = await cri.call("RuntimeService.Status", { verbose: true }, { timeoutMs: ANSWER_MS });
    const problem = statusProblem(status);
    const { snapshotter = "overlayfs" } = configOf(status.info) ?? {};
    const { imageFilesystems } = await cri.call("ImageService.ImageFsInfo", {}, { timeoutMs: ANSWER_MS });
    return {
      ...createImageTools({ ctr: "ctr", socket, snapshotter }),
      socket,
      version,
      imageFolder: imageFilesystems[0]?.fsId?.mountpoint ?? "/",
      ...(problem === undefined ? {} : { problem }),
    };
  } catch (error) {
    if (error instanceof GrpcError) throw new Error(answerProblem(socket, error), { cause: error });
    throw error;
  } finally {
    cri.close();
  }
}

/** Whether a process listens at the socket; gRPC does not tell the failures apart. */
async function knock(socket: string): Promise<void> {
  const connection = connect(socket);
  try {
    await once(connection, "connect");
  } catch (error) {
    throw new Error(knockProblem(socket, (error as NodeJS.ErrnoException).code), { cause: error });
  } finally {
    connection.destroy();
  }
}

/** Why a socket could not be connected to, by the system's code. */
export function knockProblem(socket: string, code: string | undefined): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `there is no containerd at ${socket}: no such socket`;
    case "EACCES":
    case "EPERM":
      return `no permission to use the containerd at ${socket}`;
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return `no process listens at ${socket}: is containerd running?`;
    default:
      return `the containerd at ${socket} cannot be reached: ${code ?? "unknown error"}`;
  }
}

async function versionOf(cri: Cri, socket: string): Promise<string> {
  const { runtimeName, runtimeVersion } = await cri.call("RuntimeService.Version", {}, { timeoutMs: ANSWER_MS });
  if (runtimeName !== "containerd") throw new Error(`what listens at ${socket} is ${runtimeName}, not containerd`);
  return runtimeVersion.replace(/^v/, "").replace(/[~+].*$/, "");
}

/** Why the server that was reached did not answer as a containerd does. */
export function answerProblem(socket: string, { code, message }: GrpcError): string {
  if (code === "Unimplemented") {
    return `the containerd at ${socket} has no CRI v1: take "cri" out of disabled_plugins in its configuration (versions before 1.6 are too old)`;
  }
  if (code === "DeadlineExceeded") return `the containerd at ${socket} does not answer`;
  return `what listens at ${socket} does not answer as a containerd: ${message}`;
}

/** What in its state or configuration is in the way of pods; undefined when nothing is. */
export function statusProblem({ status, info }: Pick<StatusResponse, "status" | "info">): string | undefined {
  const conditions: readonly RuntimeCondition[] = status?.conditions ?? [];
  const failed = conditions.find(
    ({ type, status: isTrue }) => !isTrue && ["RuntimeReady", "NetworkReady"].includes(type),
  );
  if (failed) {
    const what = failed.type === "NetworkReady" ? "has no network for pods (see docs/containers.md)" : "is not ready";
    return `${what}: ${failed.message || failed.reason}`;
  }
  return usesSystemd(info)
    ? "has its containers' cgroups made by systemd: set SystemdCgroup = false in its configuration"
    : undefined;
}

interface ContainerdConfig {
  readonly defaultRuntimeName?: string;
  readonly snapshotter?: string;
  readonly runtimes?: Readonly<Record<string, { readonly options?: { readonly SystemdCgroup?: boolean } | null }>>;
}

/** The part of its configuration about containers; CRI tells it when it is asked at length. */
const configOf = ({ config }: StatusResponse["info"]): ContainerdConfig | undefined =>
  config === undefined ? undefined : (JSON.parse(config) as { readonly containerd?: ContainerdConfig }).containerd;

function usesSystemd(info: StatusResponse["info"]): boolean {
  const { defaultRuntimeName = "runc", runtimes = {} } = configOf(info) ?? {};
  return runtimes[defaultRuntimeName]?.options?.SystemdCgroup === true;
}
