import type { CsiDriver } from "./driver.ts";

/** The drivers that are registered on this node, by name. */
export class CsiDrivers {
  readonly #drivers = new Map<string, CsiDriver>();
  /** What waits for a driver, by its name. */
  readonly #waiting = new Map<string, Set<() => void>>();

  /** @throws Error with upstream's text when there is none. */
  get(name: string): CsiDriver {
    const driver = this.#drivers.get(name);
    if (!driver) throw new Error(`driver name ${name} not found in the list of registered CSI drivers`);
    return driver;
  }

  /** Calls once, when the driver is there. */
  whenRegistered(name: string, listener: () => void): void {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(listener));
  }

  set(driver: CsiDriver): void {
    this.#drivers.get(driver.name)?.close();
    this.#drivers.set(driver.name, driver);
    const waiting = this.#waiting.get(driver.name) ?? new Set();
    this.#waiting.delete(driver.name);
    for (const listener of waiting) listener();
  }

  /** Only this one: another may have come in its place. */
  delete(driver: CsiDriver): void {
    driver.close();
    if (this.#drivers.get(driver.name) === driver) this.#drivers.delete(driver.name);
  }

  close(): void {
    for (const driver of this.#drivers.values()) driver.close();
    this.#drivers.clear();
  }
}
