import { messageOf } from "#base";
import { badRequest, bodySummary, type ObjectSchema } from "#objects";
import type { Body } from "../operation.ts";

/** Reads objects in Kubernetes' protobuf form; the transport's side has one. */
export interface ProtobufReader {
  /** What an object says it is. Throws an Error in upstream's words. */
  kindOf(bytes: Uint8Array): { readonly apiVersion: string; readonly kind: string };
  /** As JSON has it, read as the type of this name. Throws an Error in upstream's words. */
  decode(bytes: Uint8Array, schema: string): object;
  knows(schema: string): boolean;
}

/** The type that a body is expected to be. */
export interface BodyType {
  readonly schema: ObjectSchema;
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * A protobuf body as the value that it holds, so that it passes through the same checks as others. One that says it is
 * something else is handed on without its contents: the check of its kind refuses it. Throws 400, which for `bare`
 * bodies says only what is wrong.
 */
export function bodyOfProtobuf(reader: ProtobufReader, bytes: Uint8Array, expected: BodyType, bare = false): Body {
  try {
    const found = reader.kindOf(bytes);
    const fits = (found.kind || expected.kind) === expected.kind;
    const value = fits ? reader.decode(bytes, expected.schema.name ?? "") : found;
    return { type: "value", value, isFresh: true, size: bytes.length };
  } catch (error) {
    const message = messageOf(error);
    throw badRequest(
      bare
        ? message
        : `the object provided is unrecognized (must be of type ${expected.kind}): ${message} (${bodySummary(bytes)})`,
    );
  }
}
