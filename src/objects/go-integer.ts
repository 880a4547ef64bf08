/**
 * Go's complaint about a text that is no integer of 64 bits in decimal (strconv.ParseInt, Atoi): `invalid syntax` or
 * `value out of range`. Undefined when it is one.
 */
export function integerProblem(text: string): string | undefined {
  if (!/^[+-]?\d+$/.test(text)) return "invalid syntax";
  const digits = text.replace(/^[+-]?0*/, "");
  const most = text.startsWith("-") ? "9223372036854775808" : "9223372036854775807";
  const fits = digits.length < most.length || (digits.length === most.length && digits <= most);
  return fits ? undefined : "value out of range";
}
