import type { Client } from "#client";
import type { ResourceType } from "#objects";

/**
 * A client whose user is stopped at some moment: the write that was under way is done, and its answer never comes. Events
 * do not count.
 */
export interface MortalClient extends Client {
  /** After so many writes more. */
  dieAfter(writes: number): void;
  readonly isDead: boolean;
}

const WRITES = new Set<PropertyKey>(["create", "update", "patch", "delete"]);

export function mortal(client: Client): MortalClient {
  let left = Infinity;
  let isDead = false;
  const check = () => {
    if (isDead) throw new Error("the process is gone");
  };
  const methods = Object.fromEntries(
    (["get", "list", "create", "update", "patch", "delete"] as const).map((verb) => [
      verb,
      async (...given: readonly unknown[]) => {
        check();
        const answer = await (client[verb] as (...args: readonly unknown[]) => Promise<unknown>)(...given);
        const isEvent = (given[0] as ResourceType).resource === "events";
        if (WRITES.has(verb) && !isEvent && --left <= 0) isDead = true;
        check();
        return answer;
      },
    ]),
  ) as Pick<Client, "get" | "list" | "create" | "update" | "patch" | "delete">;
  return {
    discovery: client.discovery,
    watch: (type, options) => client.watch(type, options),
    deleteCollection: (type, selection, options) => client.deleteCollection(type, selection, options),
    createSubresource: (type, key, subresource, body) => client.createSubresource(type, key, subresource, body),
    ...methods,
    dieAfter(writes) {
      left = writes;
    },
    get isDead() {
      return isDead;
    },
  };
}
