import { messageOf } from "#base";
import { GrpcError } from "#wire/grpc";

const SCHEME = "containerd://";

/** As statuses show it. */
export const publicId = (id: string): string => `${SCHEME}${id}`;

/** As CRI knows it. */
export const criId = (id: string): string => (id.startsWith(SCHEME) ? id.slice(SCHEME.length) : id);

/** CRI's times are nanoseconds since the epoch, 0 for never; ours milliseconds. */
export const millis = (nanos: number): number => Math.floor(nanos / 1e6);

export const isNotFound = (error: unknown): boolean => error instanceof GrpcError && error.code === "NotFound";

/** Waits for a call whose object may be gone already. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** With the code, as Go programs print errors of calls. */
export const textOf = (error: unknown): string => (error instanceof GrpcError ? error.text : messageOf(error));
