/** Attributes that hold links, by tag (apimachinery util/proxy atomsToAttrs). */
const LINKS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    a: "href",
    applet: "codebase",
    area: "href",
    audio: "src",
    base: "href",
    blockquote: "cite",
    body: "background",
    button: "formaction",
    command: "icon",
    del: "cite",
    embed: "src",
    form: "action",
    frame: "longdesc src",
    head: "profile",
    html: "manifest",
    iframe: "longdesc src",
    img: "longdesc src usemap",
    input: "src usemap formaction",
    ins: "cite",
    link: "href",
    object: "classid codebase data usemap",
    q: "cite",
    script: "src",
    source: "src",
    video: "poster src",
  }).map(([tag, attributes]) => [tag, new Set(attributes.split(" "))]),
);

/** Elements in which there are no tags but their own end. */
const RAW = new Set(["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp"]);

/** A tag that is longer is passed on as it is. */
const MAX_TAG = 64 * 1024;

/** Changes the links in HTML as it goes by; holds at most a tag. Text is latin1, so that every byte is a character. */
export interface LinkRewriter {
  push(text: string): string;
  /** What was held back. */
  end(): string;
}

export function createLinkRewriter(rewrite: (link: string) => string): LinkRewriter {
  let held = "";
  /** What has to come before there are tags again. */
  let until: RegExp | undefined;
  /** How much of the held text may be the beginning of that. */
  let keep = 0;

  const run = (final: boolean): string => {
    let out = "";
    while (held !== "") {
      if (until) {
        const found = until.exec(held);
        const upTo = found ? found.index + found[0].length : final ? held.length : Math.max(held.length - keep, 0);
        out += held.slice(0, upTo);
        held = held.slice(upTo);
        if (!found) break;
        until = undefined;
        continue;
      }
      const open = held.indexOf("<");
      if (open !== 0) {
        const text = open < 0 ? held : held.slice(0, open);
        out += text;
        held = held.slice(text.length);
        continue;
      }
      if (held.startsWith("<!--")) {
        until = /-->/;
        keep = 2;
        out += "<!--";
        held = held.slice(4);
        continue;
      }
      if ("<!--".startsWith(held) && !final) break;
      const end = /^<[a-zA-Z]/.test(held) ? endOfTag(held) : 1;
      if (end < 0 && !final && held.length <= MAX_TAG) break;
      const tag = held.slice(0, end < 0 ? held.length : end);
      held = held.slice(tag.length);
      out += end < 0 ? tag : rewriteTag(tag, rewrite);
      const name = /^<([a-zA-Z][a-zA-Z0-9]*)/.exec(tag)?.[1]?.toLowerCase() ?? "";
      if (end > 0 && RAW.has(name)) {
        until = new RegExp(`</${name}(?=[\\s/>])`, "i");
        keep = name.length + 2;
      }
    }
    return out;
  };

  return {
    push(text) {
      held += text;
      return run(false);
    },
    end: () => run(true),
  };
}

/** Behind the `>` of the tag that the text begins with; -1 when it is not there yet. */
function endOfTag(text: string): number {
  let quote = "";
  for (let at = 1; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === ">") return at + 1;
    else if ((character === '"' || character === "'") && /=\s*$/.test(text.slice(Math.max(0, at - 8), at))) {
      quote = character;
    }
  }
  return -1;
}

const ATTRIBUTE = /([^\s"'<>/=]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))/g;

function rewriteTag(tag: string, rewrite: (link: string) => string): string {
  const match = /^<([a-zA-Z][a-zA-Z0-9]*)/.exec(tag);
  const links = match && LINKS.get(match[1]!.toLowerCase());
  if (!links) return tag;
  const start = match[0].length;
  return (
    tag.slice(0, start) +
    tag
      .slice(start)
      .replaceAll(
        ATTRIBUTE,
        (whole: string, name: string, equals: string, double?: string, single?: string, bare?: string) => {
          if (!links.has(name.toLowerCase())) return whole;
          const value = double ?? single ?? bare ?? "";
          const changed = rewrite(value.replaceAll("&amp;", "&"));
          if (changed === value.replaceAll("&amp;", "&")) return whole;
          const quote = single === undefined ? '"' : "'";
          return `${name}${equals}${quote}${changed.replaceAll("&", "&amp;").replaceAll(quote, quote === '"' ? "&#34;" : "&#39;")}${quote}`;
        },
      )
  );
}
