/**
 * Replaces `$(NAME)` by the name's value; what has none stays as it is, and `$$` stands for `$`
 * (upstream third_party/forked/golang/expansion).
 */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  if (!text.includes("$")) return text;
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (reference, name?: string) =>
    name === undefined ? "$" : (valueOf(name) ?? reference),
  );
}
