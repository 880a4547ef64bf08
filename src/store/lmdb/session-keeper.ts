import { type Session, unavailable } from "./session.ts";

type State =
  | { readonly name: "open"; readonly session: Session }
  /** `left` has failed and is yet to be closed. */
  | { readonly name: "failed"; left: Session | undefined; reopening: Promise<Session> | undefined };

/** Holds the session of a store. One that has failed is closed and opened anew when it is asked for, once at a time. */
export class SessionKeeper {
  readonly #open: () => Promise<Session>;
  readonly #reopened: (session: Session) => void;
  #state: State;

  /** `reopened` is called with each session but the first, before a caller has it. */
  constructor(first: Session, open: () => Promise<Session>, reopened: (session: Session) => void) {
    this.#state = { name: "open", session: first };
    this.#open = open;
    this.#reopened = reopened;
  }

  /** The session, unless it has failed. */
  get current(): Session | undefined {
    return this.#state.name === "open" ? this.#state.session : undefined;
  }

  /**
   * The session, opened anew if it has failed.
   *
   * @throws StoreUnavailable when that fails again
   */
  async opened(): Promise<Session> {
    const state = this.#state;
    if (state.name === "open") return state.session;
    state.reopening ??= this.#reopen(state);
    try {
      return await state.reopening;
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Makes rows durable, but not visible; after a failure that LMDB may not survive, opens it anew. */
  async write(rows: Parameters<Session["write"]>[0]): Promise<void> {
    const session = await this.opened();
    try {
      await session.write(rows);
    } catch (error) {
      if (!session.usable) {
        this.#state = { name: "failed", left: session, reopening: undefined };
        await this.opened();
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#state.name === "failed") await this.#state.reopening?.catch(() => {});
    const state = this.#state;
    const session = state.name === "open" ? state.session : state.left;
    this.#state = { name: "failed", left: undefined, reopening: undefined };
    await session?.close();
  }

  async #reopen(state: Extract<State, { name: "failed" }>): Promise<Session> {
    try {
      const { left } = state;
      state.left = undefined;
      await left?.close();
      const session = await this.#open();
      this.#state = { name: "open", session };
      this.#reopened(session);
      return session;
    } finally {
      state.reopening = undefined;
    }
  }
}
