/** What the transport knows about the other side of a connection; one object for as long as the connection lasts. */
export interface Peer {
  /** Of the client certificate, when one was sent and the server's authority vouches for it. */
  readonly certificate?: PeerCertificate;
  /** Why the certificate that was sent does not count. */
  readonly refused?: string;
  /** For logs. */
  readonly address?: string;
}

export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** SHA-256 of its DER form, lower-case hex without separators. */
  readonly sha256?: string;
}
