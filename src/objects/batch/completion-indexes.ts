/**
 * How many indexes a list like `0,2-5` holds, or what is wrong with it: they ascend and are below `completions`.
 * Source: upstream pkg/apis/batch/validation validateIndexesFormat.
 */
export function countIndexes(text: string, completions: number): number | string {
  if (text === "") return 0;
  let count = 0;
  let last: number | undefined;
  for (const interval of text.split(",")) {
    const limits = interval.split("-");
    if (limits.length > 2)
      return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    const numbers: number[] = [];
    for (const limit of limits) {
      if (!/^\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
      const index = Number(limit);
      if (index >= completions)
        return `index ${index} is outside of the valid range of indexes: [0, ${completions - 1}]`;
      if (last !== undefined && index <= last) return `non-increasing order, previous: ${last}, current: ${index}`;
      last = index;
      numbers.push(index);
    }
    const [first = 0, end = first] = numbers;
    count += end - first + 1;
  }
  return count;
}
