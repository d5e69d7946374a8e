/** HTTP/2 frames made by hand, right or wrong, on a socket. */
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const endStream = 0x1;
export const endHeaders = 0x4;

const headBytes = 9;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A 32-bit number, as RST_STREAM and WINDOW_UPDATE have it. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One setting: its number and value. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

/** Headers in HPACK, each literal, none compressed, none remembered. */
export function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** The headers of a discovery call. */
export function callHeaders(path: string): Buffer {
  return headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "edge"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([Buffer.from(prefixed(bytes.length, 127)), bytes]);
}

/** An integer of HPACK behind a prefix that holds up to `limit`. */
export function prefixed(value: number, limit: number): number[] {
  if (value < limit) return [value];
  const bytes = [limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A connection that ends with the test. */
export class RawConnection {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  /** Resolves when the edge, or this end, closed it. */
  readonly closed: Promise<void>;
  isClosed = false;
  #rest = Buffer.alloc(0);
  readonly #listeners = new Set<() => void>();

  constructor(test: TestContext, address: string) {
    const [host = "", port = ""] = address.split(":");
    this.socket = connect({ host, port: Number(port), noDelay: true });
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.isClosed = true;
        this.#wake();
        resolve();
      });
    });
    this.socket.on("data", (chunk: Buffer) => this.#take(chunk));
    test.after(() => void this.socket.destroy());
  }

  /** The preface and settings, as a good client begins. */
  begin(...settings: readonly Buffer[]): void {
    this.write(preface, frame(frameTypes.settings, 0, 0, Buffer.concat(settings)));
  }

  write(...bytes: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(bytes));
  }

  /** Resolves when what was written is on its way, or the connection is closed. */
  async flushed(): Promise<void> {
    if (this.isClosed) return;
    await Promise.race([this.closed, new Promise((resolve) => this.socket.write(Buffer.alloc(0), resolve))]);
  }

  /** The first frame that the edge sent of that kind; waits for it. Undefined when the connection closes before. */
  async saw(isThat: (frame: RawFrame) => boolean): Promise<RawFrame | undefined> {
    return await new Promise((resolve) => {
      const look = (): void => {
        const found = this.frames.find(isThat);
        if (found === undefined && !this.isClosed) return;
        this.#listeners.delete(look);
        resolve(found);
      };
      this.#listeners.add(look);
      look();
    });
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= headBytes) {
      const end = headBytes + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      const [type = 0, flags = 0] = this.#rest.subarray(3, 5);
      const stream = this.#rest.readUInt32BE(5) & 0x7fff_ffff;
      this.frames.push({ type, flags, stream, payload: this.#rest.subarray(headBytes, end) });
      this.#rest = this.#rest.subarray(end);
    }
    this.#wake();
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
