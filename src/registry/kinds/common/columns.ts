import { type Int64, humanDuration, parseTime, type KubeObject } from "#objects";
import type { PrinterColumn } from "../../definition.ts";

type Cell = string | Int64 | boolean | null;

/** The time since an RFC 3339 timestamp, as kubectl prints ages. */
export function since(timestamp: string | undefined, now: number): string {
  const then = timestamp ? parseTime(timestamp) : undefined;
  return then === undefined ? "<unknown>" : humanDuration(now - then);
}

/** A column of text. */
export const text = <T extends KubeObject>(
  name: string,
  cell: (object: T, now: number) => Cell,
  more: Partial<PrinterColumn<T>> = {},
): PrinterColumn<T> => ({ name, type: "string", cell, ...more });

export const integer = <T extends KubeObject>(
  name: string,
  cell: (object: T) => Cell,
  more: Partial<PrinterColumn<T>> = {},
): PrinterColumn<T> => ({ name, type: "integer", cell, ...more });

export const boolean = <T extends KubeObject>(name: string, cell: (object: T) => Cell): PrinterColumn<T> => ({
  name,
  type: "boolean",
  cell,
});

/** A column of text that only `-o wide` shows. */
export const wide = <T extends KubeObject>(name: string, cell: (object: T, now: number) => Cell): PrinterColumn<T> =>
  text(name, cell, { priority: 1 });

export const AGE: PrinterColumn<KubeObject> = {
  name: "Age",
  type: "string",
  description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
  cell: ({ metadata }, now) => since(metadata.creationTimestamp, now),
};

/** What upstream prints for kinds that it has no printer for (rest.NewDefaultTableConvertor). */
export const CREATED_AT: PrinterColumn<KubeObject> = {
  name: "Created At",
  type: "date",
  description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
  cell: ({ metadata }) => metadata.creationTimestamp ?? null,
};

/** `a=1,b=2` with sorted keys, `<none>` when there is nothing (apimachinery labels.FormatLabels). */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? pairs.sort().join(",") : "<none>";
}

/** `name (default)` for classes that an annotation makes the default one. */
export const defaultedName = (object: KubeObject, ...annotations: readonly string[]): string =>
  annotations.some((annotation) => object.metadata.annotations?.[annotation] === "true")
    ? `${object.metadata.name} (default)`
    : `${object.metadata.name}`;
