/** Another process (or another store of this one) has the data directory open. */
export class DataDirInUse extends Error {
  readonly dir: string;
  /** The process that has it, if known. */
  readonly pid: number | undefined;
  constructor(dir: string, pid: number | undefined) {
    super(`data directory ${dir} is in use${pid === undefined ? "" : ` by process ${pid}`}`);
    this.name = "DataDirInUse";
    this.dir = dir;
    this.pid = pid;
  }
}

/** The data directory cannot be made, entered or written, or holds something that is not a store of ours. */
export class DataDirUnusable extends Error {
  readonly dir: string;
  constructor(dir: string, reason: string, options?: ErrorOptions) {
    super(`data directory ${dir} is unusable: ${reason}`, options);
    this.name = "DataDirUnusable";
    this.dir = dir;
  }
}
