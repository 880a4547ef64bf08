/** For each value whether an earlier one is the same, told in one pass: clients send lists of any length. */
export function repeats(values: readonly unknown[]): readonly boolean[] {
  const seen = new Set<unknown>();
  return values.map((value) => seen.size === seen.add(value).size);
}
