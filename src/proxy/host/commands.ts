import type { RunCommand } from "#programs";

const SYSCTL = "/proc/sys";

/** A kernel setting, by its path under /proc/sys; undefined when it does not exist. */
export const readSysctl = (run: RunCommand, path: string): Promise<string | undefined> =>
  run("cat", [`${SYSCTL}/${path}`]).then(
    (text) => text.trim(),
    () => undefined,
  );

export const writeSysctl = async (run: RunCommand, path: string, value: string): Promise<void> => {
  await run("sh", ["-c", 'echo "$2" > "$1"', "sh", `${SYSCTL}/${path}`, value]);
};

/** Of a network device: `0a:58:0a:f4:00:01`. */
export async function hardwareAddress(run: RunCommand, device: string): Promise<string> {
  const link = await run("ip", ["-o", "link", "show", "dev", device]);
  const found = /link\/ether ([0-9a-f:]{17})/.exec(link)?.[1];
  if (!found) throw new Error(`${device} has no hardware address`);
  return found;
}
