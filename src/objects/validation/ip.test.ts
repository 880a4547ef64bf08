import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  blockContains,
  blockSize,
  formatCidr,
  formatIp,
  parseCidr,
  parseIp,
  validateCidr,
  validateIp,
  validateLegacyCidr,
  validateLegacyIp,
  type IpAddress,
} from "./index.ts";

type Case = readonly [text: string, strict: readonly string[], legacy: readonly string[]];

const ADDRESSES: readonly Case[] = [
  ["10.9.8.7", [], []],
  [
    "10.9.8.07",
    ['p: Invalid value: "10.9.8.07": must not have leading 0s'],
    ['p: Invalid value: "10.9.8.07": must not have leading 0s'],
  ],
  [
    "1.2.3",
    ['p: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['p: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ],
  ["::1", [], []],
  ["2001:DB8::1", ['p: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")'], []],
  ["2001:db8:0:0:0:0:0:1", ['p: Invalid value: "2001:db8:0:0:0:0:0:1": must be in canonical form ("2001:db8::1")'], []],
  [
    "::ffff:1.2.3.4",
    ['p: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address'],
    ['p: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address'],
  ],
  [
    "x",
    ['p: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['p: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ],
  [
    "1.2.3.4/8",
    ['p: Invalid value: "1.2.3.4/8": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['p: Invalid value: "1.2.3.4/8": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ],
];

const BLOCKS: readonly Case[] = [
  ["10.0.0.0/8", [], []],
  [
    "10.0.0.1/8",
    ['p: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length'],
    ['p: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length'],
  ],
  [
    "10.0.0.0/08",
    ['p: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length'],
    ['p: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length'],
  ],
  ["2001:db8::/64", [], []],
  ["2001:db8:0::/64", ['p: Invalid value: "2001:db8:0::/64": must be in canonical form ("2001:db8::/64")'], []],
  [
    "::ffff:1.2.3.0/120",
    ['p: Invalid value: "::ffff:1.2.3.0/120": must not have an IPv4-mapped IPv6 address'],
    ['p: Invalid value: "::ffff:1.2.3.0/120": must not have an IPv4-mapped IPv6 address'],
  ],
  [
    "10.0.0.0",
    ['p: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ['p: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
  [
    "10.0.0.0/33",
    ['p: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ['p: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
];

test("addresses and blocks are checked with upstream's rules and words", () => {
  const texts = (errors: readonly { field: string; message: string }[]) =>
    errors.map(({ field, message }) => `${field}: ${message}`);
  for (const [text, strict, legacy] of ADDRESSES) {
    assert.deepEqual(texts(validateIp(text, "p")), strict);
    assert.deepEqual(texts(validateLegacyIp(text, "p")), legacy);
  }
  for (const [text, strict, legacy] of BLOCKS) {
    assert.deepEqual(texts(validateCidr(text, "p")), strict);
    assert.deepEqual(texts(validateLegacyCidr(text, "p")), legacy);
  }
  assert.deepEqual(validateLegacyIp("10.9.8.07", "p", ["10.9.8.07"]), []);
  assert.deepEqual(validateLegacyCidr("10.0.0.1/8", "p", ["10.0.0.1/8"]), []);
});

const address: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.record({ family: fc.constant(4 as const), bits: fc.bigInt(0n, 2n ** 32n - 1n) }),
  fc.record({
    family: fc.constant(6 as const),
    bits: fc
      .array(fc.constantFrom(0n, 0n, 1n, 0xffffn, 0x0db8n), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.reduce<bigint>((bits, group) => (bits << 16n) | group, 0n))
      .filter((bits) => bits >> 32n !== 0xffffn),
  }),
);

test("what is written reads as the same address, and is canonical", () => {
  fc.assert(
    fc.property(address, ({ family, bits }) => {
      const text = formatIp({ family, bits });
      assert.deepEqual(parseIp(text), { family, bits });
      assert.deepEqual(validateIp(text, "p"), []);
    }),
  );
});

test("a block holds its addresses and no others", () => {
  const block = parseCidr("10.1.2.3/22")!;
  assert.equal(formatCidr(block), "10.1.0.0/22");
  assert.equal(blockSize(block), 1024n);
  assert.equal(blockContains(block, parseIp("10.1.3.255")!), true);
  assert.equal(blockContains(block, parseIp("10.1.4.0")!), false);
  assert.equal(blockContains(block, parseIp("::1")!), false);
  assert.equal(formatCidr(parseCidr("fd00::/8")!), "fd00::/8");
  assert.equal(parseCidr("10.0.0.0/x"), undefined);
});
