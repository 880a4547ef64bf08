import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreUnavailable } from "#store";
import { SessionKeeper } from "./session-keeper.ts";
import type { Session } from "./session.ts";

/** Sessions that log what is done with them, and fail when they are told to. */
function fakeSessions() {
  const log: string[] = [];
  const medium = { writes: true, survives: true, opens: true };
  let made = 0;
  const open = async (): Promise<Session> => {
    if (!medium.opens) throw new Error("EIO");
    const name = `s${++made}`;
    log.push(`${name} opened`);
    let usable = true;
    const session = {
      get usable() {
        return usable;
      },
      async write() {
        if (medium.writes) return void log.push(`${name} wrote`);
        usable = medium.survives;
        throw new Error("disk full");
      },
      async close() {
        log.push(`${name} closed`);
      },
    };
    return session as Pick<Session, "usable" | "write" | "close"> as Session;
  };
  return { log, medium, open };
}

async function keeper() {
  const sessions = fakeSessions();
  const reopened: Session[] = [];
  const first = await sessions.open();
  const kept = new SessionKeeper(first, sessions.open, (session) => reopened.push(session));
  return { ...sessions, kept, first, reopened };
}

test("a failure that the session survives is passed on, and the session stays", async () => {
  const { kept, medium, first, log } = await keeper();
  medium.writes = false;
  await assert.rejects(kept.write([]), /disk full/);
  assert.equal(kept.current, first);
  assert.deepEqual(log, ["s1 opened"]);
});

test("after a failure that it does not survive, the session is closed before the next one is opened, and announced once", async () => {
  const { kept, medium, reopened, log } = await keeper();
  medium.writes = medium.survives = false;
  await assert.rejects(kept.write([]), /disk full/);
  assert.deepEqual(log, ["s1 opened", "s1 closed", "s2 opened"]);
  assert.deepEqual(reopened, [kept.current]);
});

test("while it cannot be opened anew there is none, each caller is told, and callers at once share one attempt", async () => {
  const { kept, medium, reopened, log } = await keeper();
  medium.writes = medium.survives = medium.opens = false;
  await assert.rejects(kept.write([]), StoreUnavailable);
  assert.equal(kept.current, undefined);
  await assert.rejects(kept.opened(), StoreUnavailable);
  medium.opens = true;
  const [one, other] = await Promise.all([kept.opened(), kept.opened()]);
  assert.equal(one, other);
  assert.deepEqual(reopened, [one]);
  assert.deepEqual(log, ["s1 opened", "s1 closed", "s2 opened"]);
});

test("closing waits for a session that is being opened, and closes it", async () => {
  const { kept, medium, log } = await keeper();
  medium.writes = medium.survives = false;
  const refused = assert.rejects(kept.write([]), /disk full/);
  while (kept.current) await Promise.resolve();
  await kept.close();
  await refused;
  assert.deepEqual(log, ["s1 opened", "s1 closed", "s2 opened", "s2 closed"]);
  assert.equal(kept.current, undefined);
});
