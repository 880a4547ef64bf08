import { hasReason } from "#objects";

/** The answer of a request, or undefined when its object is gone: what was to be done to it is moot then. */
export async function unlessGone<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined;
    throw error;
  }
}
