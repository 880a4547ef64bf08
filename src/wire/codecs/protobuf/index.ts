import { decodeMessage, openEnvelope } from "./decode.ts";
import { messageName } from "./names.ts";
import { MessageTable } from "./table.ts";

export { ProtobufError } from "./reader.ts";

/** Reads objects in Kubernetes' protobuf form. */
export interface ProtobufCodec {
  /** What an object says it is. Throws ProtobufError. */
  kindOf(bytes: Uint8Array): { readonly apiVersion: string; readonly kind: string };
  /** The object as JSON has it, read as the type of this name (`io.k8s.api.core.v1.Pod`). Throws ProtobufError. */
  decode(bytes: Uint8Array, schema: string): object;
  /** Whether a type has a protobuf form. */
  knows(schema: string): boolean;
}

let loaded: Promise<ProtobufCodec> | undefined;

/** The codec. Its table is loaded by the first call, so a process without protobuf clients never reads it. */
export function loadProtobuf(): Promise<ProtobufCodec> {
  loaded ??= import("./messages.json", { with: { type: "json" } }).then(({ default: rows }) =>
    codecOf(new MessageTable(rows)),
  );
  return loaded;
}

/** A codec over a table of messages. */
export const codecOf = (table: MessageTable): ProtobufCodec => ({
  kindOf(bytes) {
    const { apiVersion, kind } = openEnvelope(bytes);
    return { apiVersion, kind };
  },
  decode(bytes, schema) {
    const { apiVersion, kind, raw } = openEnvelope(bytes);
    return { apiVersion, kind, ...(decodeMessage(table, messageName(schema), raw) as object) };
  },
  knows: (schema) => table.has(messageName(schema)),
});
