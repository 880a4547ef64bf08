import type { ResolvedResource } from "#registry";
import type { Form } from "../http/accept.ts";
import type { ApiResponse } from "../http/message.ts";
import type { Result } from "../operation.ts";
import { listBody } from "./list.ts";
import { objectBody, valueBody } from "./object.ts";
import type { IncludeObject } from "./table.ts";
import { prepare } from "./value.ts";
import { framerOf, watchFrames } from "./watch.ts";

interface RenderOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly gzip: boolean;
  readonly onError: (error: unknown) => void;
  /** Called when a watch begins; what it returns, when it ends. */
  readonly opened: () => () => void;
}

/** What was done, as an answer in the form that was chosen. */
export async function renderResult(
  result: Result,
  target: ResolvedResource,
  form: Form,
  includeObject: IncludeObject,
  options: RenderOptions,
): Promise<ApiResponse> {
  await prepare(form);
  const headers = { "content-type": form.mediaType as string, "cache-control": "no-cache, private" };
  switch (result.type) {
    case "object": {
      const body = objectBody(target, result.object, form, includeObject, options.now());
      return { status: result.created ? 201 : 200, headers, body, gzip: options.gzip };
    }
    case "value": {
      const body = valueBody(result.value, form, includeObject, options.now());
      return { status: result.code, headers, body, gzip: options.gzip };
    }
    case "list": {
      const body = listBody(target, result.list, form, includeObject, options.now());
      return { status: 200, headers, body, gzip: options.gzip };
    }
    case "watch": {
      const framer = framerOf(target, form, includeObject, options.now);
      const stream = counted(watchFrames(result.events, framer, options.onError), options.opened);
      if (form.mediaType === "application/yaml") headers["content-type"] = "application/yaml;stream=watch";
      return { status: 200, headers, body: { type: "stream", stream } };
    }
  }
}

async function* counted<T>(stream: AsyncIterable<T>, opened: () => () => void): AsyncGenerator<T> {
  const ended = opened();
  try {
    yield* stream;
  } finally {
    ended();
  }
}
