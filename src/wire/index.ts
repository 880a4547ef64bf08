export {
  createAuthority,
  issueCertificate,
  type KeyPair,
  type LeafRequest,
  type Subject,
} from "./certificates/authority.ts";
export * from "./server/index.ts";
export { loadProtobuf, type ProtobufCodec } from "./codecs/protobuf/index.ts";
export * from "./client/index.ts";
export { acceptRemoteCommand } from "./remote-command/accept.ts";
export type { RemoteCommand, RemoteStatus, TerminalSize, WantedStreams } from "./remote-command/contract.ts";
export { StreamGone, UpgradeRefused, type DuplexBytes } from "./streams/contract.ts";
export { acceptPortForward, isTunnel } from "./port-forward/accept.ts";
export type { ForwardTarget } from "./port-forward/contract.ts";
export { dialSpdy } from "./spdy/dial.ts";
export type { SpdySession } from "./spdy/session.ts";
export type { SpdyStream } from "./spdy/stream.ts";
