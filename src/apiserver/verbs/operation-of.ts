import type { Operation } from "../operation.ts";

/** The operations of one verb. */
export type OperationOf<V extends Operation["verb"]> = Extract<Operation, { readonly verb: V }>;
