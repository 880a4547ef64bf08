/** Words broken into lines of at most `width` columns, each line indented. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(indent + line);
  return lines;
}

/** A piece of a line and how it looks. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan";

/** A line as it is drawn: its width is that of its text, whatever its colours. */
export type Line = readonly (Span | string)[];

const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 };

/** The line cut to `width` columns (no character that is drawn here takes more than one), with escape codes if it is to be coloured. */
export function paint(line: Line, width: number, colour: boolean): string {
  let left = width;
  let painted = "";
  for (const span of line) {
    const { text, style } = typeof span === "string" ? { text: span, style: undefined } : span;
    const shown = text.slice(0, left);
    left -= shown.length;
    painted += colour && style && shown !== "" ? `\x1b[${CODES[style]}m${shown}\x1b[0m` : shown;
  }
  return painted.trimEnd();
}

/** Rows as columns of equal width, two spaces apart. */
export function columns(rows: readonly (readonly (Span | string)[])[]): Line[] {
  const textOf = (cell: Span | string) => (typeof cell === "string" ? cell : cell.text);
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, textOf(cell).length);
  }
  return rows.map((row) =>
    row.flatMap((cell, i) => {
      const padding = i === row.length - 1 ? 0 : widths[i]! + 2 - textOf(cell).length;
      return [cell, " ".repeat(padding)];
    }),
  );
}
