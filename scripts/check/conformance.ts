// docs/conformance.md names tests that exist: pure. A row is `| upstream's test | `file` | title |`, or has no file and
// begins with "not met: ".

export interface ConformanceSources {
  readonly document: string;
  /** The text of a file, from the root; undefined: there is none. */
  readonly read: (path: string) => string | undefined;
}

export interface ConformanceRow {
  /** The heading that it stands under: `sig-node`. */
  readonly area: string;
  readonly name: string;
  /** Of the test; empty: not met. */
  readonly file: string;
  /** Its title, after those of what it stands in, with ` › ` between them; or why it is not met. */
  readonly title: string;
}

/** The rows of the tables. */
export function conformanceRows(document: string): readonly ConformanceRow[] {
  const rows: ConformanceRow[] = [];
  let area = "";
  for (const line of document.split("\n")) {
    if (line.startsWith("## ")) area = line.slice(3).trim();
    if (area === "" || !line.startsWith("|")) continue;
    const [name = "", file = "", title = ""] = line
      .slice(1)
      .split("|")
      .map((cell) => cell.trim());
    if (name !== "" && name !== "row" && !/^-+$/.test(name))
      rows.push({ area, name, file: file.replaceAll("`", ""), title });
  }
  return rows;
}

const NOT_MET = "not met: ";

export function checkConformance({ document, read }: ConformanceSources): string[] {
  return conformanceRows(document).flatMap(({ area, name, file, title }) => {
    const of = `docs/conformance.md: ${area}, ${name}`;
    if (file === "")
      return title.startsWith(NOT_MET) && title.length > NOT_MET.length ? [] : [`${of}: neither a test nor a reason`];
    const source = read(file);
    if (source === undefined) return [`${of}: there is no ${file}`];
    const missing = title.split(" › ").filter((part) => part === "" || !source.includes(JSON.stringify(part)));
    return missing.map((part) => `${of}: ${file} has no test ${JSON.stringify(part)}`);
  });
}
