import { assemble, word, type Piece } from "./assemble.ts";

/** The processors that the pause program is there for, as OCI images name them. */
export type Architecture = "amd64" | "arm64";

/** SIGINT, SIGTERM and SIGCHLD (2, 15 and 17): a bit each, from bit 0 for signal 1. */
const SIGNALS = (1 << 1) | (1 << 14) | (1 << 16);
const SIGCHLD = 17;

/**
 * The program that holds a pod's namespaces open, as machine code:
 *
 *     block SIGINT, SIGTERM and SIGCHLD       they are waited for, so no handler is needed; blocked ones
 *     wait: signal = sigtimedwait(these)      reach even the first process of a pid namespace
 *           SIGCHLD: goto reap
 *           error:   goto wait                (EINTR)
 *           exit(0)
 *     reap: wait4(-1, WNOHANG) > 0: goto reap orphans of the other containers end up here
 *           goto wait
 */
export const pauseProgram = (architecture: Architecture): Uint8Array =>
  assemble(architecture === "amd64" ? amd64() : arm64());

/** System calls by number in eax, with rdi, rsi, rdx, r10 as arguments; the result is in rax. */
function amd64(): Piece[] {
  const bytes = (...code: readonly number[]) => Uint8Array.from(code);
  const call = (number: number) => bytes(0xb8, ...word(number), 0x0f, 0x05); // mov eax, number; syscall
  const clear = {
    rdi: bytes(0x31, 0xff),
    rsi: bytes(0x31, 0xf6),
    rdx: bytes(0x31, 0xd2),
    r10: bytes(0x45, 0x31, 0xd2),
  };
  const setSize = bytes(0x41, 0xba, ...word(8)); // mov r10d, 8: bytes of a signal set
  /** lea register, [rip + distance] */
  const address = (register: number, to: string): Piece => ({
    to,
    size: 7,
    encode: (distance) => bytes(0x48, 0x8d, register, ...word(distance - 7)),
  });
  const jump = (condition: number, to: string): Piece => ({
    to,
    size: 2,
    encode: (distance) => bytes(condition, (distance - 2) & 0xff),
  });
  const [EQUAL, NEGATIVE, POSITIVE, ALWAYS] = [0x74, 0x78, 0x7f, 0xeb];
  const testResult = bytes(0x85, 0xc0); // test eax, eax
  return [
    ...[clear.rdi, address(0x35, "signals"), clear.rdx, setSize, call(14)], // rt_sigprocmask(SIG_BLOCK, signals, 0, 8)
    { label: "wait" },
    ...[address(0x3d, "signals"), clear.rsi, clear.rdx, setSize, call(128)], // rt_sigtimedwait(signals, 0, 0, 8)
    ...[bytes(0x83, 0xf8, SIGCHLD), jump(EQUAL, "reap")], // cmp eax, SIGCHLD
    ...[testResult, jump(NEGATIVE, "wait")],
    ...[clear.rdi, call(231)], // exit_group(0)
    { label: "reap" },
    ...[bytes(0xbf, ...word(-1)), clear.rsi], // mov edi, -1
    ...[bytes(0xba, ...word(1)), clear.r10, call(61)], // mov edx, WNOHANG; wait4(-1, 0, WNOHANG, 0)
    ...[testResult, jump(POSITIVE, "reap")],
    jump(ALWAYS, "wait"),
    { label: "signals" },
    ...[word(SIGNALS), word(0)],
  ];
}

/** System calls by number in x8, with x0 to x3 as arguments; the result is in x0. Every instruction is a word. */
function arm64(): Piece[] {
  const set = (register: number, value: number) => word(0xd280_0000 | (value << 5) | register); // movz
  const minusOne = word(0x9280_0000); // movn x0, 0
  const call = (number: number): Piece[] => [set(8, number), word(0xd400_0001)]; // svc 0
  const compare = (value: number) => word(0xf100_001f | (value << 10)); // cmp x0, value
  const address = (register: number, to: string): Piece => ({
    to,
    size: 4,
    encode: (distance) => word(0x1000_0000 | ((distance & 3) << 29) | (((distance >> 2) & 0x7_ffff) << 5) | register),
  });
  const jumpIf = (condition: number, to: string): Piece => ({
    to,
    size: 4,
    encode: (distance) => word(0x5400_0000 | (((distance >> 2) & 0x7_ffff) << 5) | condition),
  });
  const jump = (to: string): Piece => ({
    to,
    size: 4,
    encode: (distance) => word(0x1400_0000 | ((distance >> 2) & 0x3ff_ffff)),
  });
  const [EQUAL, NEGATIVE, POSITIVE] = [0x0, 0x4, 0xc];
  return [
    ...[set(0, 0), address(1, "signals"), set(2, 0), set(3, 8), ...call(135)],
    { label: "wait" },
    ...[address(0, "signals"), set(1, 0), set(2, 0), set(3, 8), ...call(137)],
    ...[compare(SIGCHLD), jumpIf(EQUAL, "reap"), compare(0), jumpIf(NEGATIVE, "wait")],
    ...[set(0, 0), ...call(94)],
    { label: "reap" },
    ...[minusOne, set(1, 0), set(2, 1), set(3, 0), ...call(260)],
    ...[compare(0), jumpIf(POSITIVE, "reap"), jump("wait")],
    { label: "signals" },
    ...[word(SIGNALS), word(0)],
  ];
}
