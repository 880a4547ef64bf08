/** Where commands run, and what they find there. */
export interface Site {
  /** Where manifests are written and commands are run. */
  readonly dir: string;
  /** Points kubectl at the cluster. */
  readonly env: NodeJS.ProcessEnv;
  /** What runs when a command names a program: its path, and perhaps first words: `wget`, busybox's. */
  readonly programs: ReadonlyMap<string, readonly [path: string, ...words: string[]]>;
  readonly commandLine: CommandLine;
}

/** The command line that runs a program there: as it is, or inside another network. */
export type CommandLine = (program: string, args: readonly string[]) => readonly [program: string, args: string[]];

export const here: CommandLine = (program, args) => [program, [...args]];

/** How to run one of the programs of the site. Throws when it has none of that name. */
export function commandAt(site: Omit<Site, "dir">, name: string, args: readonly string[]): readonly [string, string[]] {
  const program = site.programs.get(name);
  if (program === undefined) throw new Error(`no program named ${name} here`);
  const [path, ...words] = program;
  return site.commandLine(path, [...words, ...args]);
}
