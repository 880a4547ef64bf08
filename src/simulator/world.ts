import { createLog, createRandom, createVirtualClock, type LogLevel, type Random, type VirtualClock } from "#base";
import { ADMIN, bootstrap } from "#composition";
import { CONFIG_MAPS, PODS, type KubeObject } from "#objects";
import type { Store } from "#store";
import { unreached } from "./convergence.ts";
import { memoryDisk, type Disk, type MakeDisk } from "./disk.ts";
import { drawCommitMs, drawLagMs, drawLinkFaults, SOUND, type LinkFaults } from "./faults.ts";
import { addressesAreUnique } from "./invariants/addresses.ts";
import { daemonsAreAlone } from "./invariants/daemons.ts";
import { endpointsHaveBeenReady } from "./invariants/endpoints.ts";
import type { Invariant } from "./invariants/invariant.ts";
import { jobsCountTheirPods } from "./invariants/jobs.ts";
import { identityIsKept } from "./invariants/metadata.ts";
import { petsAreAlone } from "./invariants/pets.ts";
import { podsMoveForward } from "./invariants/pods.ts";
import { rolloutsKeepTheirBounds } from "./invariants/rollouts.ts";
import { volumesHaveOneClaim } from "./invariants/volumes.ts";
import { Link } from "./link.ts";
import { fillableStore, type FillableStore } from "./process-store.ts";
import { ApiServerProcess, ManagerProcess, NodeProcess, type Process, type ProcessContext } from "./processes.ts";
import { Reader } from "./reader.ts";
import { StorageUser } from "./storage-user.ts";
import { createTranscript, type Transcript } from "./transcript.ts";
import { followTruth, lostIn, Truth, type TruthChange } from "./truth.ts";
import { recordWatch, watchProblem, type WatcherRecord } from "./watcher.ts";
import { Workload } from "./workload.ts";

/** After faults have stopped, the cluster has so long to reach what is wanted: leases run out, back-offs pass, evictions wait. */
const SETTLE_MS = 15 * 60_000;
const SETTLE_STEP_MS = 5_000;
/** Of virtual time between two happenings, at most. */
const PAUSE_MS = 1_500;
/** A full disk is so for at most this long. */
const FULL_MS = 10_000;
/** So few that two Services would soon have the same, if a server did not look. */
const FEW_ADDRESSES = "10.96.0.0/28";
/** Several API servers do not share what they have given away yet: among so many they hardly meet. */
const MANY_ADDRESSES = "10.96.0.0/12";
/** The user of storage draws from another sequence than everything else. */
const STORAGE_SEED = 0x5eed;
const WATCHED = [PODS, CONFIG_MAPS];

/** A whole cluster under one virtual clock, with all that can go wrong with it. */
export class World {
  readonly clock: VirtualClock = createVirtualClock();
  readonly transcript: Transcript = createTranscript(this.clock);
  readonly problems: string[] = [];
  /** Nothing takes Pods away but rollouts: nodes stay up, and users delete no Pods. */
  readonly calm: boolean;
  readonly truth = new Truth();

  readonly #random: Random;
  readonly #disk: Disk;
  /** The store as it is open now. */
  #opened: Store | undefined;
  readonly #store: FillableStore = fillableStore(() => this.#opened!);
  readonly #servers: readonly ApiServerProcess[];
  readonly #nodes: readonly NodeProcess[];
  readonly #manager: ManagerProcess;
  readonly #userLink: Link;
  readonly #workload: Workload;
  readonly #storageUser: StorageUser;
  readonly #reader: Reader;
  readonly #records: WatcherRecord[] = [];
  #invariants: readonly Invariant[] = [];
  /** Killed processes, until what they had in hand has ended. */
  readonly #ending: Promise<void>[] = [];

  constructor(seed: number, makeDisk: MakeDisk = memoryDisk) {
    const random = (this.#random = createRandom(seed));
    this.calm = random.int(3) === 0;
    this.#disk = makeDisk({ clock: this.clock, random, commitMs: drawCommitMs(random) });
    const servers = 1 + random.int(3);
    const context: ProcessContext = {
      store: this.#store,
      serviceCidr: servers === 1 ? FEW_ADDRESSES : MANY_ADDRESSES,
      clock: this.clock,
      random,
      log: createLog((level, message, { error }) => this.#logged(level, message, error)),
      endpoints: () =>
        rotated(
          this.#servers.flatMap(({ endpoint }) => endpoint ?? []),
          random,
        ),
    };
    this.#servers = Array.from({ length: servers }, (_, i) => new ApiServerProcess(`api-${i + 1}`, context));
    const times = { sandbox: random.int(300), pull: random.int(1_000), start: random.int(300) };
    this.#nodes = Array.from({ length: 1 + random.int(4) }, (_, index) => {
      const skewMs = random.int(3) === 0 ? random.int(20_000) - 10_000 : 0;
      return new NodeProcess(context, { index, times, skewMs });
    });
    this.#manager = new ManagerProcess(context);
    this.#userLink = new Link(context);
    this.#workload = new Workload({
      client: this.#userLink.client(ADMIN, "user"),
      random,
      truth: () => this.truth,
      note: (line) => this.transcript.add(line),
      onAcknowledged: (object) => this.#acknowledged(object),
      calm: this.calm,
    });
    this.#storageUser = new StorageUser({
      client: this.#userLink.client(ADMIN, "user"),
      random: createRandom(seed + STORAGE_SEED),
      truth: () => this.truth,
      note: (line) => this.transcript.add(line),
    });
    this.#reader = new Reader({
      random,
      log: () => this.truth.log,
      revision: () => this.#store.revision,
      onProblem: (text) => this.#problem(text),
    });
  }

  /** How many lists showed something older than what was committed when they were asked for. */
  get staleReads(): number {
    return this.#reader.stale;
  }

  /** Starts everything while nothing fails yet. */
  async start(): Promise<void> {
    this.#invariants = [
      identityIsKept(),
      podsMoveForward(),
      petsAreAlone({ calm: this.calm }),
      endpointsHaveBeenReady(),
      addressesAreUnique({ pods: this.calm }),
      daemonsAreAlone({ calm: this.calm, unanswered: () => this.#manager.unanswered }),
      volumesHaveOneClaim(),
      jobsCountTheirPods({ unanswered: () => this.#manager.unanswered }),
      rolloutsKeepTheirBounds({ calm: this.calm, unanswered: () => this.#manager.unanswered }),
    ];
    await this.#open();
    for (const server of this.#servers) await this.#start(server);
    await this.#inTime(bootstrap(this.#servers[0]!.endpoint!.client(ADMIN), { apiServerPort: 6443 }));
    await this.#start(this.#manager);
    for (const node of this.#nodes) await this.#start(node);
    await this.clock.advance(5_000);
    const faults = drawLinkFaults(this.#random);
    this.transcript.add(`links: ${JSON.stringify(faults)}, ${this.calm ? "calm" : "stormy"}`);
    for (const linked of this.#linked()) linked.faults = faults;
    for (const server of this.#servers) {
      server.lagMs = drawLagMs(this.#random);
      if (server.lagMs > 0)
        this.transcript.add(`${server.name} learns up to ${server.lagMs} ms late of what is committed`);
    }
  }

  /** Users act and things fail for so long. Ends early at the first problem. */
  async fail(forMs: number): Promise<void> {
    const until = this.clock.now() + forMs;
    while (this.clock.now() < until && this.problems.length === 0) {
      if (this.#random.int(this.calm ? 8 : 4) === 0) await this.#fault();
      else this.#act();
      await this.clock.advance(1 + this.#random.int(PAUSE_MS));
    }
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.transcript.add("faults stop");
    this.#store.full = false;
    for (const linked of this.#linked()) linked.faults = SOUND;
    for (const server of this.#servers) server.lagMs = 0;
    for (const node of this.#nodes) node.partitioned = false;
    for (const process of this.#processes()) if (!process.up) await this.#start(process);
    await this.clock.advance(30_000);
    await this.#inTime(this.#workload.settle());
  }

  /** Waits until everything is as it should be. */
  async settle(): Promise<void> {
    const until = this.clock.now() + SETTLE_MS;
    for (;;) {
      if (this.problems.length > 0) return;
      const left = unreached(this.truth);
      if (left.length === 0) return;
      if (this.clock.now() > until) {
        for (const line of left) this.#problem(`not reached: ${line}`);
        return;
      }
      await this.clock.advance(SETTLE_STEP_MS);
    }
  }

  /** Compares what each API server and each watcher has with what was committed. */
  async compare(): Promise<void> {
    if (this.problems.length > 0) return;
    for (const server of this.#servers) await this.#compareServer(server);
    for (const record of this.#records) {
      const log = this.truth.log.filter(({ kind }) => kind === record.type.kind).map(({ revision }) => revision);
      const wrong = watchProblem(record, log);
      if (wrong !== undefined) this.#problem(wrong);
    }
  }

  /** The run itself came to an error. */
  failed(what: string, error: unknown): void {
    this.#problem(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  async close(): Promise<void> {
    this.#userLink.cut();
    // What a process has in hand may wait for time.
    await this.#inTime(Promise.all([...this.#ending, ...this.#processes().map((process) => process.kill())]));
    await this.#disk.remove();
  }

  /** Lets time pass until it has settled. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => (settled = true);
    work.then(done, done);
    await this.clock.runUntil(() => settled);
    return work;
  }

  /** Opens the store, for the first time or after its process has died. */
  async #open(): Promise<void> {
    const opened = (this.#opened = await this.#disk.open());
    const known = this.truth.revision;
    await this.#inTime(followTruth(this.truth, opened, (change) => this.#changed(change)));
    const lost = await this.#inTime(lostIn(opened, this.truth, 1 + this.#random.int(known)));
    if (lost !== undefined) this.#problem(lost);
  }

  #changed(change: TruthChange): void {
    this.transcript.change(change);
    for (const invariant of this.#invariants) {
      const wrong = invariant.check(change, this.truth);
      if (wrong !== undefined) this.#problem(`${wrong} (invariant: ${invariant.name})`);
    }
  }

  async #start(process: Process): Promise<void> {
    this.transcript.add(`${process.name} starts`);
    await this.#inTime(process.start());
    if (process instanceof ApiServerProcess) this.#watch(process);
  }

  #watch(server: ApiServerProcess): void {
    const { endpoint } = server;
    if (!endpoint) return;
    for (const type of WATCHED) {
      recordWatch(type, endpoint, this.clock, (record) => this.#records.push(record)).catch((error: unknown) => {
        if (!endpoint.signal.aborted) this.#problem(`a watcher of ${server.name} failed: ${String(error)}`);
      });
    }
  }

  #act(): void {
    this.#read();
    for (const user of [this.#workload, this.#storageUser]) {
      user.act().catch((error: unknown) => {
        this.#problem(`the user's client failed: ${(error as Error).stack}`);
      });
    }
  }

  #read(): void {
    const up = this.#servers.flatMap(({ endpoint }) => endpoint ?? []);
    if (up.length === 0) return;
    const endpoint = up[this.#random.int(up.length)]!;
    this.#reader.read(WATCHED[this.#random.int(WATCHED.length)]!, endpoint).catch((error: unknown) => {
      this.#problem(`a list at ${endpoint.name} failed: ${(error as Error).stack}`);
    });
  }

  /** One thing fails, or one that has failed comes back. */
  async #fault(): Promise<void> {
    const down = this.#processes().filter(({ up }) => !up);
    if (down.length > 0 && this.#random.int(4) > 0) {
      await this.#start(down[this.#random.int(down.length)]!);
      return;
    }
    const killServer = () => this.#kill(this.#servers[this.#random.int(this.#servers.length)]!);
    const killManager = () => this.#kill(this.#manager);
    const fillDisk = () => {
      this.#store.full = true;
      this.transcript.add("the disk is full");
      this.clock.setTimeout(() => {
        this.#store.full = false;
        this.transcript.add("the disk has room again");
      }, this.#random.int(FULL_MS));
    };
    const node = () => this.#nodes[this.#random.int(this.#nodes.length)]!;
    const crash = () => {
      const lost = node();
      if (!lost.up) return;
      this.transcript.add(`${lost.name}: the machine is lost`);
      this.#ending.push(lost.crash());
    };
    const partition = () => {
      const cut = node();
      if (!cut.up) return;
      cut.partitioned = !cut.partitioned;
      this.transcript.add(`${cut.name} is ${cut.partitioned ? "cut off" : "reachable again"}`);
    };
    const crashStore = async () => {
      this.transcript.add("the process of the store and the API servers dies");
      const died = this.#servers.filter(({ up }) => up);
      for (const server of died) this.#kill(server);
      await this.#disk.crash();
      await this.#open();
      for (const server of died) await this.#start(server);
    };
    const always: readonly (() => Promise<void> | void)[] = [killServer, killManager, fillDisk, crashStore];
    const faults = this.calm ? always : [...always, () => this.#kill(node()), crash, partition];
    await faults[this.#random.int(faults.length)]!();
  }

  #kill(process: Process): void {
    if (!process.up) return;
    this.transcript.add(`${process.name} is killed`);
    this.#ending.push(process.kill());
  }

  async #compareServer({ name, endpoint }: ApiServerProcess): Promise<void> {
    if (!endpoint) return;
    for (const type of WATCHED) {
      const { items } = await this.#inTime(endpoint.client(ADMIN).list<KubeObject>(type, {}));
      const shown = (objects: readonly KubeObject[]) =>
        objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name} r${metadata.resourceVersion}`).sort();
      const [found, wanted] = [shown(items), shown(this.truth.of(type.kind))];
      if (found.join() !== wanted.join()) {
        this.#problem(`${name} lists ${type.resource} [${found.join(", ")}], committed are [${wanted.join(", ")}]`);
      }
    }
  }

  /** A write that was answered must stand in the log, under its revision. */
  #acknowledged({ kind, metadata }: KubeObject): void {
    const revision = Number(metadata.resourceVersion);
    const found = this.truth.log.some(
      (change) => change.revision === revision && change.after?.metadata.uid === metadata.uid,
    );
    if (!found) this.#problem(`${kind} ${metadata.name} was acknowledged at ${revision}, and is not in the log`);
  }

  #logged(level: LogLevel, message: string, error: unknown): void {
    const text = error instanceof Error ? error.message : "";
    this.transcript.add(`${level}: ${message}${text && `: ${text}`}`);
    if (level === "error") this.#problem(`${message}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  #problem(text: string): void {
    this.problems.push(text);
    this.transcript.add(`PROBLEM: ${text}`);
  }

  #linked(): readonly { faults: LinkFaults }[] {
    return [this.#userLink, this.#manager, ...this.#nodes];
  }

  #processes(): readonly Process[] {
    return [...this.#servers, this.#manager, ...this.#nodes];
  }
}

function rotated<T>(items: readonly T[], random: Random): readonly T[] {
  if (items.length < 2) return items;
  const from = random.int(items.length);
  return [...items.slice(from), ...items.slice(0, from)];
}
