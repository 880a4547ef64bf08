import type { Clock } from "#base";
import type { HttpResponse } from "#http";
import { convertAhead, showsStored, parsed, type ResolvedResource } from "#registry";
import type { Form } from "../http/accept.ts";
import type { Result } from "../operation.ts";
import { listBody } from "./list.ts";
import { objectBody, valueBody } from "./object.ts";
import type { IncludeObject } from "./table.ts";
import { framerOf, watchFrames } from "./watch.ts";

interface RenderOptions {
  readonly clock: Clock;
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
): Promise<HttpResponse> {
  const headers = { "content-type": form.mediaType, "cache-control": "no-cache, private" };
  switch (result.type) {
    case "object": {
      await convertAhead(target, [result.object]);
      const body = objectBody(target, result.object, form, includeObject, options.clock.now());
      return { status: result.created ? 201 : 200, headers, body, gzip: options.gzip };
    }
    case "value": {
      const body = valueBody(result.value, form, includeObject, options.clock.now());
      return { status: result.code, headers, body, gzip: options.gzip };
    }
    case "list": {
      // JSON is made of bytes; cells, YAML and conversions are made of objects.
      if (form.as?.kind === "Table" || form.mediaType === "application/yaml" || !showsStored(target)) {
        await parsed(result.list.items, options.clock);
      }
      await convertAhead(target, result.list.items);
      const body = listBody(target, result.list, form, includeObject, options.clock.now());
      return { status: 200, headers, body, gzip: options.gzip };
    }
    case "watch": {
      const framer = framerOf(target, form, includeObject, () => options.clock.now());
      const stream = counted(watchFrames(target, result.events, framer, options.onError), options.opened);
      return { status: 200, headers, body: { type: "stream", stream, messages: "text" } };
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
