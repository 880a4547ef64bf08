import { createReadStream } from "node:fs";
import { ImageError, localImages, type LocalImages } from "#cluster";
import { DATA_DIR, dataDirOf } from "../common-options.ts";
import type { Command, ParsedArgs, Terminal } from "../command.ts";
import { UsageError } from "../usage-error.ts";

const ACTIONS = { load, ls, rm } as const;

/** Each file is taken in whole or not at all; `-` is the standard input. */
async function load(files: readonly string[], images: () => Promise<LocalImages>, terminal: Terminal): Promise<void> {
  if (files.length === 0) throw new UsageError("image load: which files? (`-` is the standard input)");
  const target = await images();
  for (const file of files) {
    try {
      const names = await target.load(file === "-" ? process.stdin : createReadStream(file));
      for (const name of names) terminal.out(`loaded ${name}`);
    } catch (error) {
      throw error instanceof ImageError ? new ImageError(`${file}: ${error.message}`) : error;
    }
  }
}

async function ls(
  rest: readonly string[],
  images: () => Promise<LocalImages>,
  terminal: Terminal,
  args: ParsedArgs,
): Promise<void> {
  if (rest.length > 0) throw new UsageError(`Unexpected argument '${rest[0]}'`);
  const output = args.choice("output", ["json"]);
  const found = await (await images()).list();
  if (output === "json") {
    terminal.out(JSON.stringify(found, null, 2));
    return;
  }
  const rows = [
    ["NAME", "DIGEST", "SIZE"],
    ...found.flatMap(({ names, digest, size }) =>
      names.map((name) => [name, digest.slice(0, "sha256:".length + 12), size]),
    ),
  ];
  const width = (column: number) => Math.max(...rows.map((row) => row[column]!.length));
  const [first, second] = [width(0), width(1)];
  for (const [name = "", digest = "", size] of rows)
    terminal.out(`${name.padEnd(first)}  ${digest.padEnd(second)}  ${size}`);
}

async function rm(names: readonly string[], images: () => Promise<LocalImages>, terminal: Terminal): Promise<void> {
  if (names.length === 0) throw new UsageError("image rm: which images?");
  const target = await images();
  for (const name of names) for (const gone of await target.remove(name)) terminal.out(`removed ${gone}`);
}

export const image: Command = {
  name: "image",
  summary: "Loads, lists and removes images of a running cluster.",
  positionals: ["load|ls|rm", "[FILE|NAME]…"],
  options: {
    "data-dir": DATA_DIR,
    output: { type: "string", short: "o", value: "json", help: "print JSON (ls)" },
  },
  details:
    "image load FILE…: archives of `docker save` or OCI layouts, packed by gzip or zstd or not; `-`: the standard input.\n" +
    "image ls: what there is. image rm NAME…: by name or digest.",
  async run(args, terminal) {
    const [action, ...rest] = args.positionals;
    const run = Object.entries(ACTIONS).find(([name]) => name === action)?.[1];
    if (!run) throw new UsageError(`image ${action ?? ""}: expected one of ${Object.keys(ACTIONS).join(", ")}`);
    await run(rest, () => localImages(dataDirOf(args, terminal)), terminal, args);
    return 0;
  },
};
