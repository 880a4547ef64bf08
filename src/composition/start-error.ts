/** The cluster could not be started: one line that says why, in the user's terms. Nothing is left behind. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}
