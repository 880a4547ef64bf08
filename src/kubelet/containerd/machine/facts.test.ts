import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { test } from "node:test";
import { nodeAddress } from "./addresses.ts";
import { defaultRouteInterface, goArchitecture, parseMeminfo, parseOsImage, parseTasks } from "./facts.ts";

test("memory, system, tasks and architecture are read from the kernel's files and Node", () => {
  const meminfo = "MemTotal:       24684084 kB\nMemFree:        23688964 kB\nMemAvailable:   24244472 kB\n";
  assert.deepEqual(parseMeminfo(meminfo), { total: 24_684_084 * 1024, available: 24_244_472 * 1024 });
  assert.throws(() => parseMeminfo("MemTotal: 1 kB\n"), /MemAvailable/);
  assert.equal(
    parseOsImage('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
    "Debian GNU/Linux 12 (bookworm)",
  );
  assert.equal(parseOsImage("NAME=Void\n"), "Void");
  assert.equal(parseOsImage(""), "Linux");
  assert.equal(parseTasks("0.10 0.20 0.30 2/345 6789\n"), 345);
  assert.deepEqual(["x64", "arm64", "ia32", "riscv64"].map(goArchitecture), ["amd64", "arm64", "386", "riscv64"]);
});

const HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
const route = (name: string, destination: string, flags: string, metric: number, mask = "00000000") =>
  `${name}\t${destination}\t0101A8C0\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0`;

test("the default route of the lowest metric leads out", () => {
  const cases: readonly (readonly [lines: readonly string[], name: string | undefined])[] = [
    [[], undefined],
    [[route("eth0", "0001A8C0", "0001", 0, "00FFFFFF")], undefined],
    [[route("wlan0", "00000000", "0003", 600), route("eth0", "00000000", "0003", 100)], "eth0"],
    [[route("wlan0", "00000000", "0003", 600), route("eth0", "00000000", "0002", 100)], "wlan0"],
    [[route("tun0", "00000000", "0001", 0, "00000080"), route("eth0", "00000000", "0003", 100)], "eth0"],
  ];
  for (const [lines, name] of cases) assert.equal(defaultRouteInterface([HEADER, ...lines, ""].join("\n")), name);
});

test("the node's address is the given one, or the first of the default interface, or of any other", () => {
  const at = (address: string, more: Partial<NetworkInterfaceInfo> = {}) =>
    ({ address, family: "IPv4", internal: false, ...more }) as NetworkInterfaceInfo;
  const interfaces = {
    lo: [at("127.0.0.1", { internal: true })],
    docker0: [at("172.17.0.1")],
    wlan0: [at("192.168.1.7")],
    eth0: [at("fe80::1", { family: "IPv6" } as Partial<NetworkInterfaceInfo>), at("10.0.0.7")],
  };
  const address = (given?: string, defaultInterface?: string) => nodeAddress({ given, interfaces, defaultInterface });
  assert.equal(address("1.2.3.4", "eth0"), "1.2.3.4");
  assert.equal(address(undefined, "eth0"), "10.0.0.7");
  assert.equal(address(undefined, undefined), "192.168.1.7");
  assert.equal(address(undefined, "gone"), "192.168.1.7");
  assert.equal(nodeAddress({ given: undefined, interfaces: {}, defaultInterface: undefined }), "127.0.0.1");
});
