import { JOBS, type Job, type New } from "#objects";
import { named } from "./invariants/invariant.ts";
import type { UserOptions } from "./user.ts";

const MOST_JOBS = 3;

/** What a user does with Jobs. */
export class JobUser {
  readonly #options: UserOptions;
  #created = 0;

  constructor(options: UserOptions) {
    this.#options = options;
  }

  #draw<T>(items: readonly T[]): T | undefined {
    return items[this.#options.random.int(Math.max(1, items.length))];
  }

  #jobs(): readonly Job[] {
    return this.#options
      .truth()
      .of<Job>("Job")
      .filter(({ metadata }) => !metadata.deletionTimestamp);
  }

  async create(): Promise<void> {
    const { random, client, note, onAcknowledged } = this.#options;
    if (this.#jobs().length >= MOST_JOBS) return this.delete();
    const name = `job-${++this.#created}`;
    const completions = 1 + random.int(4);
    const isIndexed = random.int(2) === 0;
    // Some of the containers fail, each time or by what the simulated node is told.
    const command = this.#draw([["sleep", `${random.int(4)}`], ["sleep", "1"], ["true"], ["false"]])!;
    const spec = {
      completions,
      parallelism: 1 + random.int(3),
      backoffLimit: random.int(3),
      ...(isIndexed ? { completionMode: "Indexed" } : {}),
      ...(isIndexed && random.int(2) === 0 ? { backoffLimit: 2 ** 31 - 1, backoffLimitPerIndex: random.int(2) } : {}),
      ...(random.int(2) === 0 ? { podReplacementPolicy: "Failed" } : {}),
      ...(random.int(4) === 0 ? { activeDeadlineSeconds: 5 + random.int(20) } : {}),
      ...(random.int(5) === 0 ? { suspend: true } : {}),
    };
    note(`user creates Job default/${name}, ${command.join(" ")}, ${JSON.stringify(spec)}`);
    const containers = [{ name: "main", image: "busybox", command, resources: {} }];
    const template = { spec: { restartPolicy: "Never", terminationGracePeriodSeconds: random.int(4), containers } };
    const job = { metadata: { name, namespace: "default" }, spec: { ...spec, template } };
    onAcknowledged(await client.create(JOBS, job as New<Job>));
  }

  async change(): Promise<void> {
    const job = this.#draw(this.#jobs());
    if (!job) return this.create();
    const { random, note } = this.#options;
    const spec = this.#draw([{ suspend: random.int(2) === 0 }, { parallelism: 1 + random.int(4) }])!;
    note(`user changes Job ${named(job)}: ${JSON.stringify(spec)}`);
    await this.#patch(job, { spec });
  }

  async delete(): Promise<void> {
    const job = this.#draw(this.#jobs());
    if (!job) return;
    const { client, note } = this.#options;
    const propagationPolicy = this.#draw(["Background", "Foreground"] as const)!;
    note(`user deletes Job ${named(job)} (${propagationPolicy})`);
    await client.delete(JOBS, keyOf(job), { propagationPolicy });
  }

  /** Resumes what is suspended, so that it comes to its end. */
  async settle(): Promise<void> {
    for (const job of this.#jobs()) if (job.spec?.suspend) await this.#patch(job, { spec: { suspend: false } });
  }

  async #patch(job: Job, body: object): Promise<void> {
    const { client, onAcknowledged } = this.#options;
    onAcknowledged(await client.patch(JOBS, keyOf(job), { type: "merge", body }));
  }
}

const keyOf = ({ metadata: { namespace = "", name = "" } }: Job) => ({ namespace, name });
