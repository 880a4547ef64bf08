/** The calls of CRI that say where streams are to be had; they resolve to a URL that is good for one use. */
export interface StreamUrls {
  exec(request: {
    readonly containerId: string;
    readonly cmd: readonly string[];
    readonly tty: boolean;
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  }): Promise<string>;
  attach(request: {
    readonly containerId: string;
    readonly tty: boolean;
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  }): Promise<string>;
  portForward(request: { readonly podSandboxId: string; readonly port: readonly number[] }): Promise<string>;
}
