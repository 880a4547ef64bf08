/** Another process listens there already. */
export class AddressInUse extends Error {
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, options?: ErrorOptions) {
    super(`address ${host}:${port} is already in use`, options);
    this.name = "AddressInUse";
    this.host = host;
    this.port = port;
  }
}

/** The system does not let us listen there: no such address, or a port that needs privileges. */
export class CannotListen extends Error {
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, reason: string, options?: ErrorOptions) {
    super(`cannot listen on ${host}:${port}: ${reason}`, options);
    this.name = "CannotListen";
    this.host = host;
    this.port = port;
  }
}
