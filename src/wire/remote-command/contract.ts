/** Which of the streams of a process the client wants. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** In characters. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** How it ended: a Status of the API. */
export interface RemoteStatus {
  readonly status: "Success" | "Failure";
  readonly message?: string;
}

/** A client that has come for the streams of a process, on whichever protocol. */
export interface RemoteCommand {
  /** Of `channel.k8s.io`: 1 to 5. */
  readonly version: number;
  /** Ends when the client has ended it, or at once when stdin is not wanted. Not read, it holds the client up. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** What the client's terminal is, each time that it changes. */
  readonly sizes: AsyncIterable<TerminalSize>;
  /** Resolve once there is room for more; reject when the client is gone. */
  writeStdout(bytes: Uint8Array): Promise<void>;
  writeStderr(bytes: Uint8Array): Promise<void>;
  /** Tells how it ended and closes the connection in good order. */
  finish(status: RemoteStatus): Promise<void>;
  /** Aborts once the client is gone. */
  readonly signal: AbortSignal;
}
