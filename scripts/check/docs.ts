// The documents name only what there is: pure. Links, files in backticks, npm scripts, rooms; what they say of these is for
// the reader to judge.
import { posix } from "node:path";

export interface Repository {
  /** Markdown by path from the root. */
  readonly documents: ReadonlyMap<string, string>;
  /** Of all files, from the root. */
  readonly paths: readonly string[];
  /** Of package.json. */
  readonly npmScripts: ReadonlySet<string>;
}

export function checkDocs({ documents, paths, npmScripts }: Repository): string[] {
  const places = new Set(paths.flatMap((path) => [path, ...foldersOf(path)]));
  const tops = new Set(paths.filter((path) => path.includes("/")).map((path) => path.split("/")[0]!));
  const problems: string[] = [];
  for (const [document, text] of documents) {
    for (const link of linksIn(text)) {
      const problem = linkProblem(document, link, places, documents);
      if (problem) problems.push(`${document}: the link to ${link}: ${problem}`);
    }
    for (const name of namesIn(text)) {
      const exists = SOURCE_FILE.test(name)
        ? fileExists(document, name, paths)
        : !tops.has(name.split("/")[0]!) || places.has(name.replace(/\/$/, ""));
      if (!exists) problems.push(`${document}: there is no ${name}`);
    }
    for (const [, script = ""] of text.matchAll(/npm run ([\w-]+)/g)) {
      if (!npmScripts.has(script)) problems.push(`${document}: package.json has no script ${script}`);
    }
  }
  return problems;
}

const SOURCE_FILE = /\.(ts|mjs|md)$/;

function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("/"));
}

/** Without the code blocks, which show output and programs of users. */
const prose = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "");

const linksIn = (text: string): string[] =>
  [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link).filter((link) => !/^\w+:/.test(link));

/** What looks like a file or a folder of the repository in backticks. */
const namesIn = (text: string): string[] =>
  [...prose(text).matchAll(/`([\w@./-]+)`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !name.startsWith(".") && (SOURCE_FILE.test(name) || name.includes("/")));

function linkProblem(
  document: string,
  link: string,
  places: ReadonlySet<string>,
  documents: ReadonlyMap<string, string>,
): string | undefined {
  const [target = "", anchor] = link.split("#");
  const path =
    target === "" ? document : posix.normalize(posix.join(posix.dirname(document), target)).replace(/\/$/, "");
  if (!places.has(path)) return "there is no such file";
  const text = documents.get(path);
  if (anchor === undefined || text === undefined || anchorsOf(text).has(anchor)) return undefined;
  return "there is no such heading";
}

/** As GitHub makes them from headings. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );

/** From the root or `src`, or below the folder of the document; `docs/` and the root speak of all folders. */
function fileExists(document: string, name: string, paths: readonly string[]): boolean {
  const folder = posix.dirname(document);
  const within = folder === "." || folder === "docs" || folder.startsWith("docs/") ? "" : `${folder}/`;
  const whole = new Set([name, `src/${name}`]);
  return paths.some((path) => whole.has(path) || (path.startsWith(within) && `/${path}`.endsWith(`/${name}`)));
}

/** The rooms that docs/architecture.md speaks of are those of the table of imports, and the neutral ones are named so. */
export function checkArchitecture(
  text: string,
  rooms: Readonly<Record<string, { readonly neutral: boolean }>>,
): string[] {
  const [, neutral = "", others = ""] =
    /^Rooms that import nothing of `node:\*`([\s\S]*?)\. ([\s\S]*?)\n\n/m.exec(text) ?? [];
  const table = [...text.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell).join();
  const problems: string[] = [];
  for (const [room, { neutral: isNeutral }] of Object.entries(rooms)) {
    if (room.endsWith("/testing")) continue;
    const named = `\`${room}\``;
    if (!table.includes(named)) problems.push(`docs/architecture.md: no row of the table has ${room}`);
    const [wanted, unwanted] = isNeutral ? [neutral, others] : [others, neutral];
    if (!wanted.includes(named) || unwanted.includes(named))
      problems.push(`docs/architecture.md: ${room} is ${isNeutral ? "neutral" : "not neutral"}`);
  }
  return problems;
}
