// The TypeScript files of the project, each read and parsed at most once for all that look at it.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, type ParseResult } from "oxc-parser";

const FOLDERS = ["src", "scripts", "test", "bench", "examples"];

export class Source {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  #parsed?: ParseResult;
  #lineStarts?: readonly number[];

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  get parsed(): ParseResult {
    return (this.#parsed ??= parseSync(this.path, this.text));
  }

  /** The line, from 1, of an offset in the text. */
  lineAt(offset: number): number {
    this.#lineStarts ??= [0, ...[...this.text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    let low = 0;
    for (let high = this.#lineStarts.length; low + 1 < high;) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

/** By path. Generated files are among them. */
export function readSources(root: string): Map<string, Source> {
  const paths = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort();
  return new Map(paths.map((path) => [path, new Source(path, readFileSync(join(root, path), "utf8"))]));
}

/** Made by `npm run generate`, and not in the repository. */
export const isGenerated = (path: string): boolean => path.startsWith("src/objects/generated/");
