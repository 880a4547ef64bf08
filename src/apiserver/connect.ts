import type { HttpRequest, HttpResponse, UserInfo } from "#http";
import { serviceUnavailable } from "#objects";
import type { ObjectKey } from "#objects";
import type { ResolvedResource } from "#registry";

/** A request that is passed on to where the object runs: `log`, `exec`, `attach`, `portforward`, `proxy`. */
export interface ConnectRequest {
  readonly user: UserInfo;
  readonly target: ResolvedResource;
  readonly key: ObjectKey;
  readonly subresource: string;
  /** What follows the subresource in the path, without a leading slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** With its method, body and, for streams, the upgrade. */
  readonly request: HttpRequest;
}

/** Answers connect subresources. Rejects with a StatusError. */
export interface Connector {
  connect(request: ConnectRequest): Promise<HttpResponse>;
}

/** For a server without nodes. */
export const noConnector: Connector = {
  connect: ({ subresource, key }) =>
    Promise.reject(
      serviceUnavailable(`${subresource} of ${JSON.stringify(key.name)}: no node serves this cluster's streams`),
    ),
};
