import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, wordsOf, type Outcome } from "./process.ts";
import { rolloutView } from "./rollout-view.ts";
import type { Screen } from "./screen.ts";
import type { World } from "./world.ts";

/** One scene of the tour. */
export interface Step {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<void>;
}

/** What a step is told with: commands, explanations, live tables and checks. */
export interface Stage {
  readonly world: World;
  say(text: string): void;
  /** Writes a manifest where the commands find it. */
  file(name: string, text: string): Promise<void>;
  /** Shows the command line, runs it (`kubectl` and what follows), and shows what it printed. */
  type(line: string): Promise<Outcome>;
  /** Runs kubectl unseen, for a check; resolves to the object that it printed. */
  read<T>(args: string): Promise<T>;
  /** Shows the Deployments live until the condition holds; a condition that never does fails the check named by it. */
  watch(names: readonly string[], what: string, until: () => boolean, timeoutMs?: number): Promise<void>;
  check(what: string, held: boolean): void;
}

export interface StageOptions {
  readonly screen: Screen;
  readonly world: World;
  readonly kubectl: string;
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onCheck: (held: boolean) => void;
}

const PATIENCE_MS = 20_000;

export function createStage({ screen, world, kubectl, dir, env, signal, onCheck }: StageOptions): Stage {
  const call = (args: string) => run(kubectl, wordsOf(args), { cwd: dir, env, signal });
  const check = (what: string, held: boolean) => {
    screen.verdict(held, what);
    onCheck(held);
  };
  return {
    world,
    say: (text) => screen.say(text),
    file: (name, text) => writeFile(join(dir, name), text),
    async type(line) {
      screen.command(line);
      const outcome = await call(line.replace(/^kubectl /, ""));
      screen.output(outcome.stdout + outcome.stderr);
      return outcome;
    },
    async read<T>(args: string) {
      const { code, stdout, stderr } = await call(`${args} --output json`);
      if (code !== 0) throw new Error(`kubectl ${args}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    async watch(names, what, until, timeoutMs = PATIENCE_MS) {
      const finish = screen.live(rolloutView(world, names, () => performance.now()));
      let held = false;
      try {
        held = await world.until(until, timeoutMs);
      } finally {
        finish();
      }
      check(what, held);
    },
    check,
  };
}
