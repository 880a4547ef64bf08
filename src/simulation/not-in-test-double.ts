/**
 * A test asks the test double for something that it does not have. It says so, since a wrong answer would let a test
 * pass that must not: such a test needs the real API server over a store in memory.
 */
export class NotInTestDouble extends Error {
  constructor(what: string) {
    super(`the test double of the API has no ${what}`);
    this.name = "NotInTestDouble";
  }
}
