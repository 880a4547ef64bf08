import { clearInterval, setInterval } from "node:timers";
import type { WriteStream } from "node:tty";
import { paint, wrap, type Line } from "./text.ts";

/** Something that changes while it is looked at. */
export interface LiveView {
  /** All of it, for a terminal, where it is redrawn in place. */
  lines(width: number): readonly Line[];
  /** The gist in one line, for a file or a pipe: printed whenever it differs from the last one. */
  summary(): string;
}

/** Where the tour is told: a terminal, redrawn in place, or plain lines. */
export interface Screen {
  title(text: string): void;
  say(text: string): void;
  command(text: string): void;
  output(text: string): void;
  verdict(held: boolean, text: string): void;
  line(line: Line): void;
  /** Starts to show the view; the function returned draws it a last time and leaves it there. */
  live(view: LiveView): () => void;
}

const FRAME_MS = 80;
const FALLBACK_WIDTH = 100;

/** @param colour escape codes for colours; redrawing in place depends on the stream being a terminal only. */
export function createScreen(stream: WriteStream, colour: boolean): Screen {
  const width = () => Math.max(20, (stream.isTTY ? stream.columns : 0) || FALLBACK_WIDTH);
  const put = (line: Line, columns = Infinity) => stream.write(`${paint(line, columns, colour)}\n`);
  return {
    title(text) {
      stream.write("\n");
      put([{ text, style: "bold" }]);
    },
    say(text) {
      for (const line of wrap(text, Math.min(width(), 100), "  ")) put([{ text: line, style: "dim" }]);
    },
    command(text) {
      put([
        { text: "  $ ", style: "cyan" },
        { text, style: "bold" },
      ]);
    },
    output(text) {
      for (const line of text.trimEnd().split("\n")) put([`    ${line}`]);
    },
    verdict(held, text) {
      put(held ? [{ text: "  ✓ ", style: "green" }, text] : [{ text: `  ✗ ${text}`, style: "red" }]);
    },
    line: (line) => void put(line),
    live: (view) => (stream.isTTY ? redraw(stream, view, colour) : report(stream, view)),
  };
}

/** Draws the view over its last frame. Lines are cut, never wrapped, so that a frame is as high as it has lines. */
function redraw(stream: WriteStream, view: LiveView, colour: boolean): () => void {
  let height = 0;
  let last = "";
  const draw = (whole: boolean) => {
    const width = Math.max(20, stream.columns) - 1;
    const lines = view.lines(width);
    // What scrolled out of the window cannot be redrawn: until the end only what fits is shown.
    const shown = whole ? lines : lines.slice(0, Math.max(1, stream.rows - 2));
    const frame = shown.map((line) => `${paint(line, width, colour)}\x1b[K\n`).join("");
    if (frame === last) return;
    stream.write(`${height > 0 ? `\x1b[${height}A\r` : ""}${frame}\x1b[J`);
    height = shown.length;
    last = frame;
  };
  stream.write("\x1b[?25l");
  draw(false);
  const timer = setInterval(() => draw(false), FRAME_MS);
  return () => {
    clearInterval(timer);
    draw(true);
    stream.write("\x1b[?25h");
  };
}

/** Prints the gist whenever it has changed. */
function report(stream: WriteStream, view: LiveView): () => void {
  let last = "";
  const print = () => {
    const text = view.summary();
    if (text !== last) stream.write(`    ${text}\n`);
    last = text;
  };
  print();
  const timer = setInterval(print, FRAME_MS);
  return () => {
    clearInterval(timer);
    print();
  };
}
