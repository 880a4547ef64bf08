const FIRST_SIZE = 1 << 16;
const encoder = new TextEncoder();

/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

/**
 * Writes protobuf's wire format from the end towards the start: what is inside of a message is there before the
 * message's length has to be said, so that nothing is measured first or moved later. Fields, entries and items are
 * therefore handed over last one first.
 */
export class BackwardWriter {
  #bytes = new Uint8Array(FIRST_SIZE);
  /** Where what is written begins. */
  #at = FIRST_SIZE;

  /** In bytes. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** What was written, as bytes of its own. */
  take(): Uint8Array {
    return this.#bytes.slice(this.#at);
  }

  text(number: number, value: string): void {
    const before = this.length;
    // Nearly all are ASCII, as many bytes as characters; they are encoded in place.
    this.#reserve(value.length);
    const place = this.#bytes.subarray(this.#at - value.length, this.#at);
    if (encoder.encodeInto(value, place).read === value.length) this.#at -= value.length;
    else this.#append(encoder.encode(value));
    this.message(number, before);
  }

  bool(number: number, value: boolean): void {
    this.integer(number, value ? 1 : 0);
  }

  /** An int64. */
  integer(number: number, value: number): void {
    this.#varint(value);
    this.#tag(number, VARINT);
  }

  double(number: number, value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true);
    this.#tag(number, FIXED64);
  }

  /** Makes a field of all that was written since the writer's length was `before`. */
  message(number: number, before: number): void {
    this.#varint(this.length - before);
    this.#tag(number, DELIMITED);
  }

  #tag(number: number, wireType: number): void {
    this.#varint(number * 8 + wireType);
  }

  #varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.#reserve(1);
      this.#bytes[--this.#at] = value;
      return;
    }
    const septets: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) septets.push(Number(rest & 0x7fn) | 0x80);
    septets.push(Number(rest));
    this.#append(septets);
  }

  #append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#bytes.set(bytes, this.#at);
  }

  #reserve(count: number): void {
    if (this.#at >= count) return;
    const { length } = this;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, length + count));
    larger.set(this.#bytes.subarray(this.#at), larger.length - length);
    this.#bytes = larger;
    this.#at = larger.length - length;
  }
}
