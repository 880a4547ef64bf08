const NEW_LINE = 0x0a;

/** Takes the bytes of a watch apart: calls `onEvent` for each event in them. */
export function objectsOfWatch<T>(onEvent: (type: string, object: T) => void): (bytes: Buffer) => void {
  let rest: Buffer[] = [];
  return (bytes) => {
    let from = 0;
    for (let at = bytes.indexOf(NEW_LINE); at >= 0; at = bytes.indexOf(NEW_LINE, from)) {
      const line = Buffer.concat([...rest, bytes.subarray(from, at)]).toString();
      rest = [];
      from = at + 1;
      const { type, object } = JSON.parse(line) as { type: string; object: T };
      onEvent(type, object);
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  };
}
