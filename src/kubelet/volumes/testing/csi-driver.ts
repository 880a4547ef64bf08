import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GrpcError } from "#wire/grpc";
import { serveGrpc, type GrpcServer } from "#wire/grpc/testing";
import {
  CSI_TABLE,
  REGISTRATION_TABLE,
  type CsiMethods,
  type NodeCapability,
  type NodeInfo,
  type RegistrationMethods,
} from "../csi/messages.ts";

export interface TestDriverOptions {
  readonly name?: string;
  /** The kubelet's directory. */
  readonly rootDir: string;
  /** What it keeps of volumes, each in a directory by its handle. */
  readonly dataDir: string;
  readonly capabilities?: readonly NodeCapability[];
  readonly info?: Partial<NodeInfo>;
  readonly versions?: readonly string[];
  /** Really mounts: needs root. */
  readonly mounts?: boolean;
}

interface Staged {
  readonly volumeId: string;
  readonly stagingTargetPath: string;
}

interface Target extends Staged {
  readonly targetPath: string;
}

interface Wanted {
  readonly capacityRange: { readonly requiredBytes: number };
}

interface Access {
  readonly readonly: boolean;
  readonly volumeCapability: { readonly block?: object | null };
}

const MOUNT = "mount";
const UNMOUNT = "umount";

/** A CSI driver for tests: it keeps volumes in a directory, records its calls, and fails when it is told to. */
export class TestDriver {
  readonly name: string;
  /** `NodeStageVolume v1` */
  readonly calls: string[] = [];
  /** The last request of each method. */
  readonly requests = new Map<string, Record<string, unknown>>();
  /** What the kubelet said of the registration; empty: nothing was wrong. */
  readonly registrations: string[] = [];
  /** By method: what it does first. Throws to fail; may wait for as long as it wants. */
  readonly before = new Map<string, (signal: AbortSignal) => Promise<void> | void>();
  readonly #options: TestDriverOptions;
  readonly #servers: GrpcServer[] = [];
  readonly #staged = new Set<string>();
  readonly #published = new Set<string>();

  constructor(options: TestDriverOptions) {
    this.#options = options;
    this.name = options.name ?? "test.csi.example";
  }

  get socket(): string {
    return join(this.#options.rootDir, "plugins", this.name, "csi.sock");
  }

  get registrationSocket(): string {
    return join(this.#options.rootDir, "plugins_registry", `${this.name}-reg.sock`);
  }

  /** Where things of it are ready, by path: for the node, and for pods. */
  get ready(): { readonly staged: readonly string[]; readonly published: readonly string[] } {
    return { staged: [...this.#staged].toSorted(), published: [...this.#published].toSorted() };
  }

  folderOf(handle: string): string {
    return join(this.#options.dataDir, handle);
  }

  async start(): Promise<void> {
    mkdirSync(dirname(this.socket), { recursive: true });
    mkdirSync(dirname(this.registrationSocket), { recursive: true });
    const { versions = ["1.0.0"] } = this.#options;
    this.#servers.push(
      await serveGrpc<CsiMethods>({
        socket: this.socket,
        package: "csi.v1",
        table: CSI_TABLE,
        handlers: this.#handlers(),
      }),
      await serveGrpc<RegistrationMethods>({
        socket: this.registrationSocket,
        package: "pluginregistration",
        table: REGISTRATION_TABLE,
        handlers: {
          "Registration.GetInfo": () => ({
            type: "CSIPlugin",
            name: this.name,
            endpoint: this.socket,
            supportedVersions: versions,
          }),
          "Registration.NotifyRegistrationStatus": ({ error }) => {
            this.registrations.push(error);
            return {};
          },
        },
      }),
    );
  }

  /** Ends as its process would: with its sockets. What it had mounted stays. */
  async stop(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.close();
    rmSync(this.socket, { force: true });
    rmSync(this.registrationSocket, { force: true });
  }

  #handlers() {
    const { capabilities = ["STAGE_UNSTAGE_VOLUME"], info } = this.#options;
    const does =
      <Request extends object, Response extends object>(
        name: string,
        work: (request: Request) => Response,
      ): ((request: Request, signal: AbortSignal) => Promise<Response>) =>
      async (request, signal) => {
        const { volumeId = "" } = request as { readonly volumeId?: string };
        if (volumeId) this.calls.push(`${name} ${volumeId}`);
        this.requests.set(name, request as Record<string, unknown>);
        await this.before.get(name)?.(signal);
        return work(request);
      };
    return {
      "Node.NodeGetInfo": does("NodeGetInfo", () => ({
        nodeId: "node-1",
        maxVolumesPerNode: 5,
        accessibleTopology: { segments: { "topology.test/zone": "z1" } },
        ...info,
      })),
      "Node.NodeGetCapabilities": does("NodeGetCapabilities", () => ({
        capabilities: capabilities.map((type) => ({ rpc: { type } })),
      })),
      "Node.NodeStageVolume": does("NodeStageVolume", ({ volumeId, stagingTargetPath }: Staged) => {
        if (!existsSync(stagingTargetPath)) throw new GrpcError("InvalidArgument", "the staging path is not there");
        mkdirSync(this.folderOf(volumeId), { recursive: true });
        this.#staged.add(stagingTargetPath);
        return {};
      }),
      "Node.NodeUnstageVolume": does("NodeUnstageVolume", ({ stagingTargetPath }: Staged) => {
        this.#staged.delete(stagingTargetPath);
        return {};
      }),
      "Node.NodePublishVolume": does("NodePublishVolume", (request: Target & Access) => {
        this.#publish(request);
        return {};
      }),
      "Node.NodeExpandVolume": does("NodeExpandVolume", ({ capacityRange }: Wanted) => ({
        capacityBytes: capacityRange.requiredBytes,
      })),
      "Node.NodeUnpublishVolume": does("NodeUnpublishVolume", ({ targetPath }: Pick<Target, "targetPath">) => {
        this.#unpublish(targetPath);
        return {};
      }),
    };
  }

  #publish({ volumeId, stagingTargetPath, targetPath, readonly, volumeCapability }: Target & Access): void {
    if (stagingTargetPath && !this.#staged.has(stagingTargetPath)) {
      throw new GrpcError("FailedPrecondition", "the volume is not staged");
    }
    if (this.#published.has(targetPath)) return;
    const folder = this.folderOf(volumeId);
    mkdirSync(folder, { recursive: true });
    if (volumeCapability.block) writeFileSync(targetPath, "");
    else mkdirSync(targetPath, { recursive: true });
    if (this.#options.mounts) {
      execFileSync(MOUNT, ["--bind", ...(readonly ? ["-o", "ro"] : []), folder, targetPath]);
    }
    this.#published.add(targetPath);
  }

  #unpublish(targetPath: string): void {
    if (this.#options.mounts && this.#published.has(targetPath)) execFileSync(UNMOUNT, [targetPath]);
    if (existsSync(targetPath)) {
      if (this.#options.mounts) rmdirSync(targetPath);
      else rmSync(targetPath, { recursive: true });
    }
    this.#published.delete(targetPath);
  }
}
