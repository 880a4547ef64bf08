import type { Architecture } from "./program.ts";

const MACHINES: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };
const BASE = 0x40_0000;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const READ_AND_EXECUTE = 5;

/** An executable file whose one segment is the headers and the code; it starts at the code's first byte. */
export function elfFile(architecture: Architecture, code: Uint8Array): Uint8Array {
  const start = HEADER_BYTES + SEGMENT_BYTES;
  const file = new Uint8Array(start + code.length);
  const view = new DataView(file.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  // ELF, 64 bit, lowest byte first, version 1
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  u16(16, 2); // an executable
  u16(18, MACHINES[architecture]);
  u32(20, 1);
  u64(24, BASE + start); // where it starts
  u64(32, HEADER_BYTES); // where the segments are listed
  u16(52, HEADER_BYTES);
  u16(54, SEGMENT_BYTES);
  u16(56, 1); // segments

  const segment = HEADER_BYTES;
  u32(segment, 1); // to be loaded
  u32(segment + 4, READ_AND_EXECUTE);
  u64(segment + 16, BASE);
  u64(segment + 24, BASE);
  u64(segment + 32, file.length);
  u64(segment + 40, file.length);
  u64(segment + 48, 0x1_0000); // alignment: the largest page that arm64 has

  file.set(code, start);
  return file;
}
