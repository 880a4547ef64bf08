/** The two messages of grpc.health.v1. */

const HEALTH = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

/** The code that an answer means which is none of gRPC (its http-grpc-status-mapping). */
export function codeOfHttpStatus(status: number): string {
  switch (status) {
    case 400:
      return "Internal";
    case 401:
      return "Unauthenticated";
    case 403:
      return "PermissionDenied";
    case 404:
      return "Unimplemented";
    case 429:
    case 502:
    case 503:
    case 504:
      return "Unavailable";
    default:
      return "Unknown";
  }
}

/** A framed HealthCheckRequest. */
export function writeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service, "utf8");
  // Field 1, a string; an empty one is not written.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a, ...varint(name.length)), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

/** The status of a framed HealthCheckResponse by name, or its number; undefined when it is no such message. */
export function readHealthStatus(answer: Buffer): string | undefined {
  if (answer.length < 5 || answer[0] !== 0 || answer.readUInt32BE(1) !== answer.length - 5) return undefined;
  let status = 0;
  for (let at = 5; at < answer.length;) {
    const tag = readVarint(answer, at);
    if (!tag) return undefined;
    const value = readVarint(answer, tag.next);
    if (!value) return undefined;
    switch (tag.value & 7) {
      case 0:
        if (tag.value === 8) status = value.value;
        at = value.next;
        break;
      case 2:
        at = value.next + value.value;
        break;
      default:
        return undefined;
    }
    if (at > answer.length) return undefined;
  }
  return HEALTH[status] ?? String(status);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { value: value >>> 0, next: from + i + 1 };
  }
  return undefined;
}
