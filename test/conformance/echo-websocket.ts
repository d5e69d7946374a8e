import { createHash } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** RFC 6455, 1.3. */
const acceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcodes = { text: 1, close: 8 } as const;
/** Frames whose length fits into their second byte: what a test sends. */
const payloadBytesMax = 125;

/** Lets a server of the echo backend answer each text that arrives at `/ws` with the same text. */
export function echoWebSockets(server: Server): void {
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    if (request.url !== "/ws") {
      socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const key = request.headers["sec-websocket-key"] ?? "";
    const accept = createHash("sha1").update(`${key}${acceptGuid}`).digest("base64");
    const headers = ["connection: Upgrade", "upgrade: websocket", `sec-websocket-accept: ${accept}`];
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join("\r\n")}\r\n\r\n`);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      const { opcode, payload } = readFrame(chunk);
      socket.write(Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]));
      if (opcode === opcodes.close) socket.end();
    });
  });
}

/** One whole, masked, short frame a chunk. */
function readFrame(chunk: Buffer): { readonly opcode: number; readonly payload: Buffer } {
  const length = (chunk[1] ?? 0) & 0x7f;
  if (length > payloadBytesMax) throw new Error(`a frame of at most ${payloadBytesMax} bytes`);
  const mask = chunk.subarray(2, 6);
  const payload = chunk.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return { opcode: (chunk[0] ?? 0) & 0x0f, payload: Buffer.from(payload) };
}

/** Sends a text over a WebSocket and says what is wrong with the answer. */
export function webSocketMismatches(url: string, timeoutMs: number): Promise<string[]> {
  const text = "Websocket Support!";
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const done = (wrong: string[]): void => {
      clearTimeout(timer);
      socket.close();
      resolve(wrong);
    };
    const timer = setTimeout(() => done([`${url}: no answer within ${timeoutMs} ms`]), timeoutMs);
    socket.addEventListener("open", () => socket.send(text));
    socket.addEventListener("error", () => done([`${url}: the WebSocket is refused`]));
    socket.addEventListener("message", ({ data }) =>
      done(data === text ? [] : [`${url}: expected ${text}, got ${data}`]),
    );
  });
}
