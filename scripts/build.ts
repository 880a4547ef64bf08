// Bundles src/ into dist/: cli.js (behind bin/knarr) and knarr.js (the library), sharing their chunks.
// `--types` also writes the declarations that the published package needs.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
/** Made beside the old one, so that a cluster that starts meanwhile finds one of them whole. */
const fresh = `${dist}.${process.pid}`;
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };

await build({
  absWorkingDir: root,
  entryPoints: { "cli-main": "src/cli/entry.ts", knarr: "src/cluster/index.ts", objects: "src/objects/index.ts" },
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  conditions: ["source"],
  // Only what has native parts, or is seldom loaded, stays outside.
  external: [
    "lmdb",
    ...Object.keys(dependencies).filter((name) =>
      ["@grpc/grpc-js", "@peculiar/x509", "protobufjs", "reflect-metadata"].includes(name),
    ),
  ],
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: "none",
  // CommonJS packages inside the bundle ask for Node's own modules by require.
  banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
  sourcemap: "linked",
  logLevel: "warning",
});

// Compiled code is kept between runs: half of the start-up time is compilation otherwise.
writeFileSync(
  join(fresh, "cli.js"),
  `import { enableCompileCache } from "node:module";
enableCompileCache(new URL("compile-cache", import.meta.url).pathname);
await import("./cli-main.js");
`,
);

if (process.argv.includes("--types")) {
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.types.json", "--outDir", join(fresh, "types")], {
    cwd: root,
    stdio: "inherit",
  });
  // The compiler leaves `./x.ts` in declarations, where only x.d.ts is there.
  for (const file of globSync("types/**/*.d.ts", { cwd: fresh })) {
    const path = join(fresh, file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replaceAll(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"));
  }
}

const old = `${fresh}.old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });
