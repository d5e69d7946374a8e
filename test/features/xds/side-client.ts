/** A client of what an edge serves beside discovery: health, reflection, client status. */
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { codec, type MessageName, type ServiceName, serviceMethods } from "@routeledger/protos";

/** A stream of answers, in order. */
export class SideStream<Answer> {
  /** The status with which the server ended it. */
  readonly ended: Promise<StatusObject>;
  readonly #call: ClientDuplexStream<object, Answer>;
  readonly #received: Answer[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(call: ClientDuplexStream<object, Answer>) {
    this.#call = call;
    this.ended = new Promise((resolve) => call.on("status", resolve));
    call.on("error", () => undefined);
    call.on("data", (answer: Answer) => {
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#received.push(answer);
      else waiter(answer);
    });
  }

  ask(request: object): void {
    this.#call.write(request);
  }

  /** The next answer that was not taken yet. */
  next(): Promise<Answer> {
    const answer = this.#received.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    this.#call.end();
  }
}

/** One connection. Close it when done. */
export class SideClient {
  readonly #client: Client;

  /** @param channel in clear when absent */
  constructor(address: string, channel: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(address, channel, { "grpc.use_local_subchannel_pool": 1 });
  }

  /** @throws ServiceError */
  ask<Answer>(service: ServiceName, method: string, request: object): Promise<Answer> {
    const { path, encode, decode } = methodOf<Answer>(service, method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, encode, decode, request, (error: ServiceError | null, answer) =>
        error === null ? resolve(answer as Answer) : reject(error),
      );
    });
  }

  /** Of a method whose server side streams: the requests that are given follow at once. */
  open<Answer>(service: ServiceName, method: string, ...requests: object[]): SideStream<Answer> {
    const { path, encode, decode } = methodOf<Answer>(service, method);
    const stream = new SideStream(this.#client.makeBidiStreamRequest(path, encode, decode));
    for (const request of requests) stream.ask(request);
    return stream;
  }

  close(): void {
    this.#client.close();
  }
}

function methodOf<Answer>(service: ServiceName, method: string) {
  const found = serviceMethods(service).find(({ name }) => name === method);
  if (found === undefined) throw new Error(`a method of ${service}, got ${method}`);
  return {
    path: found.path,
    encode: (message: object) => Buffer.from(codec(found.requestType as MessageName).encode(message)),
    decode: (bytes: Buffer) => codec(found.responseType as MessageName).decode(bytes) as unknown as Answer,
  };
}
