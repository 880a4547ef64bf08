/** How long a string is in UTF-8, which is what upstream's length limits count. */
export function byteLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff && i + 1 < text.length) {
      // A surrogate pair is two units here and four bytes there.
      length += 2;
      i++;
    } else length += 2;
  }
  return length;
}

export const MUST_NOT_BE_EMPTY = "must be non-empty";

export const mustBeBetween = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

export const tooManyCharacters = (max: number): string => `must be no more than ${max} characters`;

/** The same limit as label keys and values state it (apimachinery api/validate/content). */
export const tooManyBytes = (max: number): string => `must be no more than ${max} bytes`;

/** `message (e.g. 'a', or 'b', regex used for validation is '…')`, as upstream words a failed match. */
export function mismatch(message: string, pattern: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return examples.length === 0
    ? `${message} (regex used for validation is '${pattern}')`
    : `${message} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

/** A whole-string regular expression of a pattern that is also printed in the error. */
export const wholly = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
