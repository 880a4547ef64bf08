// Bundles the neutral rooms for a browser: nothing of Node in them or in the packages that they import, and no more
// bytes than stated.
import { build, type BuildFailure, type Message } from "esbuild";
import { ROOMS } from "./rooms.ts";

/** The minified bundle of all neutral rooms, in bytes, may have so many. Raise it with a reason in the commit. */
const LIMIT = 2_100_000;

/** What is wrong with the neutral rooms in a browser: nothing, or a line for each problem. */
export function checkBrowser(root: string): Promise<readonly string[]> {
  const rooms = Object.entries(ROOMS).flatMap(([name, { neutral }]) => (neutral ? [name] : []));
  return bundleProblems(root, rooms.map((name, i) => `export * as room${i} from "#${name}";`).join("\n"), LIMIT);
}

/** Bundles `entry`, the text of a module in `root`, and says what keeps it from a browser. */
export async function bundleProblems(root: string, entry: string, limit: number): Promise<readonly string[]> {
  try {
    const { outputFiles } = await build({
      stdin: { contents: entry, resolveDir: root },
      absWorkingDir: root,
      bundle: true,
      format: "esm",
      platform: "browser",
      conditions: ["source"],
      minify: true,
      write: false,
      logLevel: "silent",
    });
    const bytes = outputFiles[0]!.contents.byteLength;
    return bytes > limit ? [`${bytes} bytes in a browser, more than ${limit} (LIMIT in scripts/check-browser.ts)`] : [];
  } catch (error) {
    return (error as BuildFailure).errors.map(lineOf);
  }
}

const lineOf = ({ text, location }: Message): string =>
  location ? `${location.file}:${location.line}: ${text}` : text;
