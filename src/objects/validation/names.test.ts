import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cIdentifier,
  configMapKey,
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  dnsSubdomainWithUnderscore,
  envVarName,
  httpHeaderName,
  inRange,
  labelValue,
  pathSegmentName,
  percentString,
  portName,
  portNumber,
  qualifiedName,
  strictEnvVarName,
  unixId,
  wildcardDnsSubdomain,
} from "./index.ts";

/** A rule, a value, and what upstream finds wrong with it. */
const RULES: readonly (readonly [rule: (value: string) => readonly string[], value: string, errors: string[]])[] = [
  [dns1035Label, "a1", []],
  [
    dns1035Label,
    "1a",
    [
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    dns1035Label,
    "a.",
    [
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [dnsLabel, "a", []],
  [dnsLabel, "a-b", []],
  [
    dnsLabel,
    "",
    [
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    dnsLabel,
    "-a",
    [
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [dnsLabel, "a.b", ["must not contain dots"]],
  [
    dnsLabel,
    "A",
    [
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [dnsLabel, "a".repeat(64), ["must be no more than 63 characters"]],
  [dnsSubdomain, "a.b", []],
  [
    dnsSubdomain,
    "",
    [
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    dnsSubdomain,
    "a..b",
    [
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    dnsSubdomain,
    "a_b",
    [
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [dnsSubdomain, "a".repeat(254), ["must be no more than 253 characters"]],
  [dnsSubdomainWithUnderscore, "_a.b_c", []],
  [
    dnsSubdomainWithUnderscore,
    "-",
    [
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [wildcardDnsSubdomain, "*.a.b", []],
  [
    wildcardDnsSubdomain,
    "a.b",
    [
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    wildcardDnsSubdomain,
    "*.*.a",
    [
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [qualifiedName, "a", []],
  [qualifiedName, "a.b/c_d", []],
  [
    qualifiedName,
    "",
    [
      "name part must be non-empty",
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
  [qualifiedName, "/a", ["prefix part must be non-empty"]],
  [
    qualifiedName,
    "a/",
    [
      "name part must be non-empty",
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
  [
    qualifiedName,
    "A/b",
    [
      "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    qualifiedName,
    "a/b/c",
    [
      "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ],
  ],
  [qualifiedName, "a".repeat(64), ["name part must be no more than 63 bytes"]],
  [
    qualifiedName,
    ".a",
    [
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
  [labelValue, "", []],
  [labelValue, "a_b.c", []],
  [
    labelValue,
    "-",
    [
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
  [labelValue, "a".repeat(64), ["must be no more than 63 bytes"]],
  [cIdentifier, "_a1", []],
  [
    cIdentifier,
    "1a",
    [
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
    ],
  ],
  [configMapKey, "a.b_c-1", []],
  [
    configMapKey,
    "",
    [
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [configMapKey, ".", ["must not be '.'"]],
  [configMapKey, "..", ["must not be '..'"]],
  [configMapKey, "..a", ["must not start with '..'"]],
  [
    configMapKey,
    "a/b",
    [
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [configMapKey, "a".repeat(254), ["must be no more than 253 characters"]],
  [strictEnvVarName, "A_B", []],
  [
    strictEnvVarName,
    "1A",
    [
      "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
    ],
  ],
  [strictEnvVarName, "..", ["must not be '..'"]],
  [
    strictEnvVarName,
    "A=B",
    [
      "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
    ],
  ],
  [envVarName, "1 A", []],
  [envVarName, "", ["environment variable name must be non-empty"]],
  [
    envVarName,
    "A=B",
    ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  [
    envVarName,
    "é",
    ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  [httpHeaderName, "X-A", []],
  [
    httpHeaderName,
    "X A",
    [
      "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
    ],
  ],
  [portName, "http", []],
  [portName, "aaaaaaaaaaaaaaaa", ["must be no more than 15 characters"]],
  [portName, "80", ["must contain at least one letter (a-z)"]],
  [portName, "a--b", ["must not contain consecutive hyphens"]],
  [portName, "-a", ["must not begin or end with a hyphen"]],
  [
    portName,
    "A",
    [
      "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
      "must contain at least one letter (a-z)",
    ],
  ],
  [
    portName,
    "",
    [
      "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
      "must contain at least one letter (a-z)",
    ],
  ],
  [percentString, "10%", []],
  [
    percentString,
    "10",
    [
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [
    percentString,
    "%",
    [
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [pathSegmentName, "a:b", []],
  [pathSegmentName, ".", ["may not be '.'"]],
  [pathSegmentName, "..", ["may not be '..'"]],
  [pathSegmentName, "a/b%c", ["may not contain '/'", "may not contain '%'"]],
];

test("names are checked with upstream's rules and words", () => {
  for (const [rule, value, errors] of RULES) assert.deepEqual(rule(value), errors, `${rule.name} ${value}`);
});

test("a prefix for generateName may end in a dash", () => {
  for (const rule of [dnsLabel, dnsSubdomain, dns1035Label]) {
    assert.deepEqual(rule("web-", true), []);
    assert.notDeepEqual(rule("web-", false), []);
    assert.notDeepEqual(rule("-", true), []);
    assert.notDeepEqual(rule("-web-", true), []);
  }
  assert.deepEqual(pathSegmentName("..", true), []);
});

test("lengths count bytes", () => {
  assert.deepEqual(labelValue("é".repeat(40)).slice(0, 1), ["must be no more than 63 bytes"]);
  assert.match(labelValue("é".repeat(31)).join(), /^a valid label/);
});

test("long input is checked in no time", () => {
  const long = "a-".repeat(200_000);
  for (const [rule] of RULES) assert.ok(Array.isArray(rule(long)));
});

test("numbers keep within bounds", () => {
  assert.deepEqual(portNumber(1), []);
  assert.deepEqual(portNumber(65536), ["must be between 1 and 65535, inclusive"]);
  assert.deepEqual(unixId(-1), ["must be between 0 and 2147483647, inclusive"]);
  assert.deepEqual(inRange(5, 1, 5), []);
});
