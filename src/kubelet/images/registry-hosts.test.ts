import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRegistryAuthority, parseRegistryMirror, registryHostFiles } from "./registry-hosts.ts";

test("mirrors are written in their order, with the authorities that are known for them", () => {
  const files = registryHostFiles({
    mirrors: [
      "docker.io=http://127.0.0.1:5000",
      "index.docker.io=https://mirror.example.com:8443/hub/",
      "*=http://proxy:3128",
    ].map(parseRegistryMirror),
    authorities: ["mirror.example.com:8443=/a.pem", "quay.io=/q.pem", "quay.io=/r.pem"].map(parseRegistryAuthority),
  });
  assert.deepEqual(Object.fromEntries(files), {
    "docker.io/hosts.toml": `[host."http://127.0.0.1:5000"]
  capabilities = ["pull", "resolve"]
[host."https://mirror.example.com:8443/hub"]
  capabilities = ["pull", "resolve"]
  ca = ["/a.pem"]
`,
    "_default/hosts.toml": `[host."http://proxy:3128"]
  capabilities = ["pull", "resolve"]
`,
    "mirror.example.com:8443/hosts.toml": `[host."https://mirror.example.com:8443"]
  capabilities = ["pull", "resolve"]
  ca = ["/a.pem"]
`,
    "quay.io/hosts.toml": `[host."https://quay.io"]
  capabilities = ["pull", "resolve"]
  ca = ["/q.pem","/r.pem"]
`,
  });
});

for (const text of [
  "docker.io",
  "=http://x",
  "docker.io=",
  "docker.io=127.0.0.1:5000",
  "docker.io=ftp://x",
  "../x=http://y",
]) {
  test(`--registry-mirror ${text} is refused`, () => {
    assert.throws(() => parseRegistryMirror(text), /form REGISTRY=URL|no http or https URL|expected HOST/);
  });
}

for (const text of ["quay.io", "a/b=/x", "..=/x"]) {
  test(`--registry-ca ${text} is refused`, () => {
    assert.throws(() => parseRegistryAuthority(text), /form HOST=FILE|expected HOST/);
  });
}
