import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const ROOM = import.meta.dirname;

/** Folders of what controllers share. */
const SHARED = new Set(["framework", "testing", "service-pods", "revision-history"]);

/** Controllers that need no plan of their own, and why. */
const WITHOUT_PLAN: Readonly<Record<string, string>> = {
  "replication-controller": "is the controller of ReplicaSets with another kind: replica-set/plan.ts decides",
};

/** The product's files of the room, with their text. */
const SOURCES: ReadonlyMap<string, string> = new Map(
  readdirSync(ROOM, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("testing/"))
    .map((file) => [file, readFileSync(join(ROOM, file), "utf8")]),
);

/** The head of each exported function of the name `plan…`, up to its body: `planTtl({ node }: TtlView): Plan<…> {`. */
const headsOf = (source: string): string[] =>
  [...source.matchAll(/^export (?:async )?function (plan\w*[^]*?) \{$/gm)].map(([, head]) => head!);

const folderOf = (file: string) => file.split("/")[0]!;
const withoutComments = (source: string) => source.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");

/** The names of the plans that a file imports. */
const plansImportedBy = (source: string): string[] =>
  [...source.matchAll(/^import (?!type)\{([^}]*)\} from/gm)].flatMap(([, names]) =>
    names!.split(",").flatMap((name) => /^plan[A-Z]\w*$/.exec(name.trim())?.[0] ?? []),
  );

/** The plans that a file can reach, by itself or by way of the files of controllers that it imports. */
function plansReachedFrom(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return new Set();
  seen.add(file);
  const source = SOURCES.get(file) ?? "";
  const reached = new Set(plansImportedBy(source));
  for (const [, path] of source.matchAll(/from "(\.[^"]*)"/g)) {
    const next = relative(ROOM, join(ROOM, dirname(file), path!));
    if (SHARED.has(folderOf(next))) continue;
    for (const name of plansReachedFrom(next, seen)) reached.add(name);
  }
  return reached;
}

test("every exported plan of a controller answers with Plan<Step>", () => {
  const heads = [...SOURCES].flatMap(([file, source]) => headsOf(source).map((head) => ({ file, head })));
  assert.ok(heads.length > 30, "the plans are found");
  const others = heads.filter(({ head }) => !/\): Plan<[^]*>$/.test(head));
  assert.deepEqual(others, []);
});

test("every controller has a plan in its folder, or a reason for having none", () => {
  const folders = [...new Set([...SOURCES.keys()].filter((file) => file.includes("/")).map(folderOf))];
  const controllers = folders.filter((folder) => !SHARED.has(folder));
  assert.ok(controllers.length > 20, "the controllers are found");
  const hasPlan = (folder: string) =>
    [...SOURCES].some(([file, source]) => folderOf(file) === folder && headsOf(source).length > 0);
  assert.deepEqual(
    controllers.filter((folder) => !hasPlan(folder)),
    Object.keys(WITHOUT_PLAN),
  );
});

test("no definition of a controller goes without a plan because another in its file has one", () => {
  for (const [file, source] of SOURCES) {
    if (SHARED.has(folderOf(file))) continue;
    const definitions = source.match(/\bdefineController\(/g)?.length ?? 0;
    const plans = plansReachedFrom(file);
    assert.ok(plans.size >= definitions, `${file} defines ${definitions} controllers, with ${plans.size} plans`);
  }
});

test("a file with a plan has no async, no clock, no chance and no client in it", () => {
  for (const [file, source] of SOURCES) {
    if (headsOf(source).length === 0) continue;
    const code = withoutComments(source);
    const impure = /\b(?:async|await|Promise|setTimeout)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/.exec(code);
    assert.equal(impure?.[0], undefined, file);
    assert.doesNotMatch(code, /^import (?!type).*from "#client"/m, file);
  }
});

test("the views of plans are data: no functions, no caches, no client", () => {
  let views = 0;
  for (const [file, source] of SOURCES) {
    for (const [view, body] of withoutComments(source).matchAll(/^export interface \w*View \{([^]*?)^\}/gm)) {
      views++;
      assert.doesNotMatch(
        body!,
        /=>|\b\w+\(|\b(?:Cache|SharedCaches|Client|Clock|Random|Promise)\b/,
        `${file}: ${view}`,
      );
    }
  }
  assert.ok(views > 20, "the views are found");
});

test("the folders that are excepted are there", () => {
  for (const folder of [...SHARED, ...Object.keys(WITHOUT_PLAN)]) assert.ok(existsSync(join(ROOM, folder)), folder);
});
