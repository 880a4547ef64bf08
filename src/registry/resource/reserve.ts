import type { Reservation } from "../definition.ts";

/** Runs a write that needs what was reserved; it is given back when nothing was written. */
export async function reserving<T>(
  reserve: Promise<Reservation | undefined> | undefined,
  write: () => Promise<{ readonly written: boolean; readonly value: T }>,
): Promise<T> {
  const reservation = await reserve;
  let written = false;
  try {
    const result = await write();
    ({ written } = result);
    return result.value;
  } finally {
    if (written) reservation?.done?.();
    else reservation?.undo();
  }
}
