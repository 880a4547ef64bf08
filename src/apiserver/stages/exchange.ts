import { header, type HttpRequest, type HttpResponse, type UserInfo } from "#http";
import type { ResolvedResource, Verb } from "#registry";
import type { RequestInfo } from "../http/request-info.ts";
import { createWarnings, type Warnings } from "../http/warnings.ts";
import type { ConnectWay } from "../connect-options.ts";
import type { SubresourceType } from "../target.ts";

/** What a request wants of a resource. */
export type Route =
  | { readonly type: "connect"; readonly target: ResolvedResource; readonly way: ConnectWay }
  | {
      readonly type: "operation";
      readonly target: ResolvedResource;
      readonly verb: Verb;
      readonly subresource: SubresourceType | undefined;
    };

const NO_QUERY = new URLSearchParams();

/** A request on its way through the stages, and what has become known of it. */
export class Exchange {
  readonly request: HttpRequest;
  readonly warnings: Warnings = createWarnings();
  /** Percent-decoded; empty until the path has been read. */
  path = "";
  /** What is asked for, once the path has been read. */
  info: RequestInfo | undefined;
  /** The user, once the client is authenticated. */
  user: UserInfo | undefined;
  /** Which operation of a resource it is, once that is known. */
  route: Route | undefined;
  #query: URLSearchParams | undefined;

  constructor(request: HttpRequest) {
    this.request = request;
  }

  /** Parsed when it is first asked for. */
  get query(): URLSearchParams {
    const { query } = this.request;
    return (this.#query ??= query ? new URLSearchParams(query) : NO_QUERY);
  }

  /** The first value of a header. */
  header(name: string): string | undefined {
    return header(this.request.headers, name);
  }

  /** Whether people read the answer: by the parameter or, when it is not there, by a client like curl or a browser. */
  get isPretty(): boolean {
    if (this.request.query.includes("pretty")) {
      const value = this.query.get("pretty");
      if (value) return /^(1|t|T|true|True|TRUE)$/.test(value);
    }
    return /^(curl|Wget|Mozilla\/5\.0)/.test(this.header("user-agent") ?? "");
  }
}

/** Answers a request. Rejects with a StatusError for what the client is to be told. */
export type Handler = (exchange: Exchange) => Promise<HttpResponse>;

/**
 * A step that every request takes: it answers, or learns something and hands on to the next. Joined once, when the
 * server is made, so that a request allocates nothing for the steps it goes through.
 */
export interface Stage {
  readonly name: string;
  join(next: Handler): Handler;
}

/** All stages as one handler, with `last` behind them. */
export const joined = (stages: readonly Stage[], last: Handler): Handler =>
  stages.reduceRight<Handler>((next, stage) => stage.join(next), last);
