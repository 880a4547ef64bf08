import { messageOf, sleep, type Clock, type Log } from "#base";
import { openGrpc } from "#wire/grpc";
import { openDriver, type CsiDriver } from "./driver.ts";
import type { CsiDrivers } from "./drivers.ts";
import { REGISTRATION_TABLE, type PluginInfo, type RegistrationMethods } from "./messages.ts";
import { driverOnNode, type CsiNodeInfo } from "./node-info.ts";
import { compareSockets, watchSockets, type PluginSocket } from "./sockets.ts";

export interface RegistrationOptions {
  /** Where plugins put their sockets, absolute. */
  readonly directory: string;
  readonly drivers: CsiDrivers;
  readonly nodeInfo: CsiNodeInfo;
  readonly clock: Clock;
  readonly log: Log;
}

const CALL_MS = 10_000;
/** Upstream goroutinemap/exponentialbackoff. */
const FIRST_MS = 500;
const MAX_MS = 122_000;

/** Why a plugin is no driver that this node can have (upstream validateVersions); undefined: it is one. */
export function pluginProblem({ type, name, endpoint, supportedVersions }: PluginInfo): string | undefined {
  if (type !== "CSIPlugin") return `no handler registered for plugin type: ${type} at socket ${endpoint}`;
  const about = `kubernetes.io/csi: ValidatePlugin for CSI driver "${name}" failed.`;
  const failed = (why: string) => `validation failed for CSI Driver ${name} at endpoint ${endpoint}: ${about} ${why}`;
  if (supportedVersions.length === 0) return failed("Plugin returned an empty list for supported versions");
  if (supportedVersions.some((version) => /^v?1\.\d+\.\d+/.test(version))) return undefined;
  const listed = supportedVersions.map((version) => `"${version}"`).join(" ");
  return failed(`None of the versions specified [${listed}] are supported.`);
}

/** What became of one socket. */
interface Plugin {
  readonly socket: PluginSocket;
  /** Aborts when the socket is gone. */
  readonly gone: AbortController;
  driver?: CsiDriver;
  /** The driver's name, once the node's objects may tell of it. */
  installed?: string;
  done: Promise<void>;
}

/** Registers the drivers whose sockets are there, and forgets those whose sockets go. Resolves to how to stop. */
export async function startRegistration(options: RegistrationOptions): Promise<() => Promise<void>> {
  const { directory, clock, log, nodeInfo, drivers } = options;
  const plugins = new Map<string, Plugin>();
  let uninstalling: Promise<unknown> = Promise.resolve();

  const remove = (plugin: Plugin) => {
    plugins.delete(plugin.socket.path);
    plugin.gone.abort(new Error("the plugin's socket is gone"));
    uninstalling = Promise.all([uninstalling, plugin.done]).then(async () => {
      const { driver, installed } = plugin;
      if (driver) drivers.delete(driver);
      // Made anew at the same time, it is the same to the API.
      if (installed === undefined || isInstalled(installed)) return;
      await nodeInfo.uninstall(installed).catch((error: unknown) => {
        log.warn("a driver could not be taken from the node's objects", { driver: installed, error });
      });
    });
  };
  const isInstalled = (name: string) => [...plugins.values()].some(({ installed }) => installed === name);
  const add = (socket: PluginSocket) => {
    const plugin: Plugin = { socket, gone: new AbortController(), done: Promise.resolve() };
    plugins.set(socket.path, plugin);
    plugin.done = uninstalling.then(() => registerUntilDone(plugin, options));
  };
  const stop = await watchSockets(directory, { clock, log }, (sockets) => {
    const known = [...plugins.values()].map(({ socket }) => socket);
    const { gone, come } = compareSockets(known, sockets);
    for (const { path } of gone) remove(plugins.get(path)!);
    for (const socket of come) add(socket);
  });
  return async () => {
    stop();
    for (const { gone } of plugins.values()) gone.abort(new Error("the node stops"));
    await Promise.all([...plugins.values()].map(({ done }) => done));
    await uninstalling;
    drivers.close();
  };
}

/** Tries again as long as the socket is there: the driver behind it may come later. */
async function registerUntilDone(plugin: Plugin, options: RegistrationOptions): Promise<void> {
  const { clock, log } = options;
  const { signal } = plugin.gone;
  for (let wait = FIRST_MS; !signal.aborted; wait = Math.min(wait * 2, MAX_MS)) {
    try {
      plugin.driver = await register(plugin, options);
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn("a plugin could not be registered", { socket: plugin.socket.path, error });
      await sleep(clock, wait, signal).catch(() => {});
    }
  }
}

async function register(plugin: Plugin, { clock, drivers, nodeInfo }: RegistrationOptions): Promise<CsiDriver> {
  const { signal } = plugin.gone;
  const socket = plugin.socket.path;
  const registration = await openGrpc<RegistrationMethods>({
    address: socket,
    package: "pluginregistration",
    table: REGISTRATION_TABLE,
    clock,
  });
  const options = { timeoutMs: CALL_MS, signal };
  const notify = (error: string) =>
    registration.call("Registration.NotifyRegistrationStatus", { pluginRegistered: error === "", error }, options);
  let driver: CsiDriver | undefined;
  try {
    const info = await registration.call("Registration.GetInfo", {}, options);
    const problem = pluginProblem(info);
    if (problem !== undefined) {
      await notify(problem);
      throw new Error(problem);
    }
    driver = await openDriver(info.name, info.endpoint || socket, clock);
    try {
      const about = await driver.call("Node.NodeGetInfo", {}, signal);
      plugin.installed = info.name;
      await nodeInfo.install(driverOnNode(info.name, about));
    } catch (error) {
      await notify(`RegisterPlugin error -- plugin registration failed with err: ${messageOf(error)}`);
      throw error;
    }
    // The plugin may be asked for volumes from the moment that it hears of it.
    drivers.set(driver);
    await notify("");
    return driver;
  } catch (error) {
    if (driver) drivers.delete(driver);
    throw error;
  } finally {
    registration.close();
  }
}
