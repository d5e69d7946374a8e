import { connect, type Socket } from "node:net";

/** Frame types and flags of HTTP/2 (RFC 9113, section 6). */
const frames = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
const ackFlag = 1;
const endHeadersFlag = 4;
const frameHeaderBytes = 9;
const windowMax = 2 ** 31 - 1;
const initialWindowSetting = 4;
const windowDefault = 65_535;
const frameBytesMax = 16_384;
const grpcPrefixBytes = 5;

/**
 * One gRPC stream on a connection of its own, with as little HTTP/2 as that takes: grpc-js' client costs more for each
 * response than the edge that is measured.
 */
export class LeanStream {
  readonly #socket: Socket;
  readonly #onMessage: (message: Buffer) => void;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #message: Buffer[] = [];
  #messageBytes = 0;

  constructor(
    address: string,
    path: string,
    onMessage: (message: Buffer) => void,
    onEnd: (why: string) => void,
  ) {
    const [host = "", port = ""] = address.split(":");
    this.#onMessage = onMessage;
    this.#socket = connect({ host, port: Number(port), noDelay: true });
    this.#socket.on("data", (chunk) => this.#take(chunk, onEnd));
    this.#socket.on("error", (error) => onEnd(error.message));
    this.#socket.on("close", () => onEnd("closed"));
    this.#socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(initialWindowSetting, 0);
    settings.writeUInt32BE(windowMax, 2);
    const window = Buffer.alloc(4);
    window.writeUInt32BE(windowMax - windowDefault);
    this.#frame(frames.settings, 0, 0, settings);
    this.#frame(frames.windowUpdate, 0, 0, window);
    const headers = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": "xds-edge" };
    const all = { ...headers, "content-type": "application/grpc", te: "trailers" };
    this.#frame(frames.headers, endHeadersFlag, 1, Buffer.concat(Object.entries(all).map(literal)));
  }

  write(message: Uint8Array): void {
    const prefix = Buffer.alloc(grpcPrefixBytes);
    prefix.writeUInt32BE(message.length, 1);
    const bytes = Buffer.concat([prefix, message]);
    for (let start = 0; start < bytes.length; start += frameBytesMax) {
      this.#frame(frames.data, 0, 1, bytes.subarray(start, start + frameBytesMax));
    }
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUIntBE(payload.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(stream, 5);
    this.#socket.write(Buffer.concat([header, payload]));
  }

  #take(chunk: Buffer, onEnd: (why: string) => void): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    let bytes = this.#received.length === 1 ? chunk : Buffer.concat(this.#received, this.#receivedBytes);
    while (bytes.length >= frameHeaderBytes) {
      const length = bytes.readUIntBE(0, 3);
      if (bytes.length < frameHeaderBytes + length) break;
      const [type, flags] = [bytes[3], bytes[4] ?? 0];
      const payload = bytes.subarray(frameHeaderBytes, frameHeaderBytes + length);
      if (type === frames.data) this.#data(payload);
      if (type === frames.settings && (flags & ackFlag) === 0) this.#frame(type, ackFlag, 0, Buffer.alloc(0));
      if (type === frames.ping && (flags & ackFlag) === 0) this.#frame(type, ackFlag, 0, payload);
      if (type === frames.reset || type === frames.goaway) onEnd(`frame ${type}: ${payload.toString("hex")}`);
      bytes = bytes.subarray(frameHeaderBytes + length);
    }
    this.#received = bytes.length === 0 ? [] : [bytes];
    this.#receivedBytes = bytes.length;
  }

  #data(payload: Buffer): void {
    this.#message.push(payload);
    this.#messageBytes += payload.length;
    for (;;) {
      const [first] = this.#message;
      if (first === undefined || this.#messageBytes < grpcPrefixBytes) return;
      const start = first.length >= grpcPrefixBytes ? first : Buffer.concat(this.#message);
      const end = grpcPrefixBytes + start.readUInt32BE(1);
      if (this.#messageBytes < end) return;
      const all = Buffer.concat(this.#message, this.#messageBytes);
      const rest = all.subarray(end);
      this.#message = rest.length === 0 ? [] : [rest];
      this.#messageBytes = rest.length;
      this.#onMessage(all.subarray(grpcPrefixBytes, end));
    }
  }
}

/** A header field that is not indexed and not compressed (RFC 7541, section 6.2.2); both parts below 127 bytes. */
function literal([name, value]: [string, string]): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}
