/** The codes of gRPC, as Go's library writes them, at their numbers. */
const CODES = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

export type GrpcCode = (typeof CODES)[number];

/** A call that did not work. `message` is the other side's own, without the code. */
export class GrpcError extends Error {
  readonly code: GrpcCode;

  constructor(code: GrpcCode, message: string) {
    super(message);
    this.name = "GrpcError";
    this.code = code;
  }

  /** As Go programs print it: `rpc error: code = NotFound desc = …`. */
  get text(): string {
    return `rpc error: code = ${this.code} desc = ${this.message}`;
  }
}

export const codeOf = (number: number): GrpcCode => CODES[number] ?? "Unknown";

/** As Go prints a code: by its name, `Code(99)` when it has none. */
export const codeText = (number: number): string => CODES[number] ?? `Code(${number})`;
