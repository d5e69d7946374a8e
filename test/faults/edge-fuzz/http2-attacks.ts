import {
  callHeaders,
  endHeaders,
  frame,
  frameTypes,
  headerBlock,
  preface,
  prefixed,
  type RawConnection,
  setting,
  uint32,
} from "./raw-http2.ts";
import { adsPath } from "./wire-call.ts";

/** Something that no client should do to a connection. */
export interface Http2Attack {
  readonly name: string;
  /**
   * What the edge does of it: `goaway` with its error code, and then closes the connection; `reset` of stream 1 with
   * its code; `closed`, whether or not a word of that comes through the flood; or `borne`.
   */
  readonly outcome: string;
  act(connection: RawConnection): void | Promise<void>;
}

const { data, headers, priority, reset, settings, ping, windowUpdate, continuation } = frameTypes;

/** The opening of stream 1, 3, 5 ... */
function opened(stream: number): Buffer {
  return frame(headers, endHeaders, stream, callHeaders(adsPath("delta")));
}

/** So many frames, in portions, so that what the edge says meanwhile is heard. */
async function flood(
  connection: RawConnection,
  count: number,
  one: (index: number) => Buffer,
): Promise<void> {
  const portion = 500;
  for (let from = 0; from < count && !connection.isClosed; from += portion) {
    connection.write(
      ...Array.from({ length: Math.min(portion, count - from) }, (_, index) => one(from + index)),
    );
    await connection.flushed();
  }
}

/** Begins as a good client does, then this. */
function begun(act: (connection: RawConnection) => void | Promise<void>): Http2Attack["act"] {
  return (connection) => {
    connection.begin();
    return act(connection);
  };
}

function ends(outcome: string, name: string, act: Http2Attack["act"]): Http2Attack {
  return { name, outcome, act };
}

/** @param random bytes of a seed */
export function http2Attacks(random: Uint8Array): readonly Http2Attack[] {
  return [
    ends("goaway 2", "HTTP/1.1", (one) => one.write(Buffer.from("GET / HTTP/1.1\r\nhost: edge\r\n\r\n"))),
    ends("goaway 2", "random bytes", (one) => one.write(random)),
    ends("goaway 2", "a preface with a typing error", (one) =>
      one.write(preface.subarray(0, 20), Buffer.from("XXXX")),
    ),
    ends(
      "goaway 6",
      "a preface and a frame of 16 MB",
      begun((one) => one.write(new Uint8Array(64).fill(0xff))),
    ),
    ends("goaway 2", "a TLS client's first words", (one) =>
      one.write(Buffer.from("16030100f8010000f40303", "hex"), random),
    ),
    ...wrongFrames,
    ...wrongHeaders,
    ...floods,
    ends(
      "borne",
      "a preface and silence",
      begun(() => undefined),
    ),
    ends("borne", "half of a preface and silence", (one) => one.write(preface.subarray(0, 10))),
    ends(
      "closed",
      "a connection of which one half is closed",
      begun((one) => void one.socket.end()),
    ),
    ends("borne", "a window of nothing", (one) => {
      one.begin(setting(4, 0));
      one.write(opened(1));
    }),
    ends(
      "borne",
      "frames of types that nobody knows",
      begun((one) => flood(one, 10_000, () => frame(0xbe, 0xff, 0, random.subarray(0, 32)))),
    ),
  ];
}

const wrongFrames: readonly Http2Attack[] = [
  ends(
    "goaway 6",
    "a frame above the limit",
    begun((one) => one.write(opened(1), frame(data, 0, 1, new Uint8Array(16_385)))),
  ),
  ends(
    "goaway 1",
    "data on stream 0",
    begun((one) => one.write(frame(data, 0, 0, new Uint8Array(8)))),
  ),
  ends(
    "goaway 1",
    "data on a stream that was not opened",
    begun((one) => one.write(frame(data, 0, 7, new Uint8Array(8)))),
  ),
  ends(
    "goaway 1",
    "a stream of the server's numbers",
    begun((one) => one.write(opened(2))),
  ),
  ends(
    "borne",
    "a number of a stream that goes back",
    begun((one) => one.write(opened(5), opened(3))),
  ),
  ends(
    "goaway 6",
    "settings of five bytes",
    begun((one) => one.write(frame(settings, 0, 0, new Uint8Array(5)))),
  ),
  ends(
    "goaway 1",
    "settings on a stream",
    begun((one) => one.write(opened(1), frame(settings, 0, 1))),
  ),
  ends(
    "goaway 3",
    "a window above its limit",
    begun((one) => one.write(frame(windowUpdate, 0, 0, uint32(0x7fff_ffff)))),
  ),
  ends(
    "goaway 1",
    "a window of nothing more",
    begun((one) => one.write(frame(windowUpdate, 0, 0, uint32(0)))),
  ),
  ends(
    "goaway 6",
    "a ping of four bytes",
    begun((one) => one.write(frame(ping, 0, 0, uint32(1)))),
  ),
  ends(
    "goaway 1",
    "a continuation of nothing",
    begun((one) => one.write(frame(continuation, endHeaders, 1, uint32(1)))),
  ),
  ends(
    "goaway 1",
    "headers with something between",
    begun((one) => one.write(frame(headers, 0, 1, callHeaders("/")), frame(ping, 0, 0, new Uint8Array(8)))),
  ),
  ends(
    "goaway 1",
    "padding longer than its frame",
    begun((one) => one.write(opened(1), frame(data, 0x8, 1, Buffer.from([200, 1, 2])))),
  ),
];

const wrongHeaders: readonly Http2Attack[] = [
  ends(
    "goaway 9",
    "headers that are not HPACK",
    begun((one) => one.write(frame(headers, endHeaders, 1, Buffer.alloc(32, 0xff)))),
  ),
  ends(
    "goaway 9",
    "a header that was never said",
    begun((one) => one.write(frame(headers, endHeaders, 1, Buffer.from([0xff, 0x80, 0x01])))),
  ),
  ends(
    "reset 1",
    "headers in capitals",
    begun((one) =>
      one.write(
        frame(
          headers,
          endHeaders,
          1,
          headerBlock([
            [":method", "POST"],
            [":path", "/"],
            [":scheme", "http"],
            ["TE", "x"],
          ]),
        ),
      ),
    ),
  ),
  ends(
    "reset 1",
    "headers without a path",
    begun((one) => one.write(frame(headers, endHeaders, 1, headerBlock([[":method", "POST"]])))),
  ),
  ends(
    "closed",
    "headers without an end",
    begun((one) => {
      one.write(frame(headers, 0, 1, callHeaders("/")));
      return flood(one, 10_000, () => frame(continuation, 0, 1, headerBlock([["a", "b"]])));
    }),
  ),
  ends(
    "goaway 9",
    "a header of 100 kB",
    begun((one) => {
      const block = headerBlock([
        [":method", "POST"],
        [":path", "/"],
        [":scheme", "http"],
        ["x", "y".repeat(100_000)],
      ]);
      const portions = Array.from({ length: Math.ceil(block.length / 16_000) }, (_, index) =>
        block.subarray(index * 16_000, (index + 1) * 16_000),
      );
      one.write(
        ...portions.map((part, index) =>
          frame(
            index === 0 ? headers : continuation,
            index === portions.length - 1 ? endHeaders : 0,
            1,
            part,
          ),
        ),
      );
    }),
  ),
  ends(
    "reset 11",
    "a header that is said once and meant 10,000 times",
    begun((one) => {
      const name = Buffer.concat([
        Buffer.from([0x40, 1]),
        Buffer.from("x"),
        Buffer.from(prefixed(3_900, 127)),
        Buffer.alloc(3_900, 0x79),
      ]);
      one.write(
        frame(
          headers,
          endHeaders,
          1,
          Buffer.concat([callHeaders("/"), name, Buffer.alloc(10_000, 0x80 | 62)]),
        ),
      );
    }),
  ),
];

const floods: readonly Http2Attack[] = [
  ends(
    "closed",
    "settings without end, answers not read",
    begun((one) => {
      one.socket.pause();
      return flood(one, 200_000, () => frame(settings, 0, 0));
    }),
  ),
  ends(
    "closed",
    "pings without end, answers not read",
    begun((one) => {
      one.socket.pause();
      return flood(one, 400_000, () => frame(ping, 0, 0, new Uint8Array(8)));
    }),
  ),
  ends(
    "closed",
    "streams that are opened and reset",
    begun((one) =>
      flood(one, 20_000, (index) =>
        Buffer.concat([opened(2 * index + 1), frame(reset, 0, 2 * index + 1, uint32(8))]),
      ),
    ),
  ),
  ends(
    "reset 7",
    "streams beyond the limit",
    begun((one) => flood(one, 1_000, (index) => opened(2 * index + 1))),
  ),
  ends(
    "closed",
    "data of nothing",
    begun((one) => {
      one.write(opened(1));
      return flood(one, 20_000, () => frame(data, 0, 1));
    }),
  ),
  ends(
    "closed",
    "priorities",
    begun((one) =>
      flood(one, 20_000, (index) => frame(priority, 0, 2 * index + 1, Buffer.from([0, 0, 0, 0, 1]))),
    ),
  ),
];
