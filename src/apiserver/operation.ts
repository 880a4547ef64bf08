import type { UserInfo } from "#http";
import type { AnyDraft, KubeObject, Status } from "#objects";
import type {
  DeleteCollectionOptions,
  DeleteOptions,
  ListQuery,
  ListResult,
  ResolvedResource,
  StoredObject,
  WatchEvent,
  WatchQuery,
} from "#registry";

/**
 * A request to the API once its transport is taken off: the one form that the HTTP server and the in-process
 * client both make, and that `execute` authorizes, admits and carries out. So both behave alike.
 */
export type Operation = Common &
  (
    | { readonly verb: "get"; readonly name: string; readonly resourceVersion?: string }
    | { readonly verb: "list"; readonly query: ListQuery }
    | { readonly verb: "watch"; readonly query: WatchQuery }
    | { readonly verb: "create"; readonly name?: string; readonly body: Body; readonly options: WriteParameters }
    | { readonly verb: "update"; readonly name: string; readonly body: Body; readonly options: WriteParameters }
    | {
        readonly verb: "patch";
        readonly name: string;
        readonly patch: PatchBody;
        readonly options: WriteParameters & { readonly force?: boolean };
      }
    | { readonly verb: "delete"; readonly name: string; readonly options: DeleteParameters }
    | {
        readonly verb: "deletecollection";
        readonly query: ListQuery;
        readonly options: DeleteParameters & Pick<DeleteCollectionOptions, "signal">;
      }
  );

interface Common {
  readonly user: UserInfo;
  readonly target: ResolvedResource;
  /** Empty: cluster-scoped, or all namespaces. */
  readonly namespace: string;
  readonly subresource?: string;
  /** Collects texts for Warning headers. */
  readonly warn: (text: string) => void;
}

/**
 * What a client sent: bytes still to be decoded, or a value. One of this process is the client's, and copied when it
 * must be changed; one that is fresh, made of a body of `size` bytes for this operation alone, is not.
 */
export type Body =
  | {
      readonly type: "encoded";
      readonly bytes: Uint8Array;
      readonly mediaType: "application/json" | "application/yaml";
    }
  | { readonly type: "value"; readonly value: object; readonly isFresh?: boolean; readonly size?: number };

/** Bytes of a body as it was sent; 0 for a value of this process. */
export const sizeOf = (body: Body): number => (body.type === "encoded" ? body.bytes.length : (body.size ?? 0));

export interface PatchBody {
  readonly type: "json" | "merge" | "strategic" | "apply";
  readonly body: Body;
}

export interface WriteParameters {
  readonly dryRun: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
}

export type DeleteParameters = Pick<
  DeleteOptions,
  "dryRun" | "gracePeriodSeconds" | "propagationPolicy" | "preconditions"
>;

/** Objects are in their storage version: the renderer converts. */
export type Result =
  | { readonly type: "object"; readonly object: StoredObject; readonly created?: boolean }
  /** Made for this answer, not stored: a Scale, a review. */
  | { readonly type: "value"; readonly value: KubeObject | Status | AnyDraft; readonly code: number }
  | { readonly type: "list"; readonly list: ListResult }
  | { readonly type: "watch"; readonly events: AsyncIterable<readonly WatchEvent[]> };
