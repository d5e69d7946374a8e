/** What an operator, or an accident, does to streams behind the back of those who use them. */
import { connect, type NatsConnection } from "nats";

export interface JetStreamAdmin {
  readonly connection: NatsConnection;
  deleteStream(name: string): Promise<void>;
  /** Changes some fields of a stream's configuration. */
  editStream(name: string, changes: Readonly<Record<string, unknown>>): Promise<void>;
  createStream(settings: Readonly<Record<string, unknown>> & { readonly name: string }): Promise<void>;
  /** Consumers that a stream has now. */
  consumers(stream: string): Promise<readonly string[]>;
  deleteConsumer(stream: string, consumer: string): Promise<void>;
  close(): Promise<void>;
}

interface Answer {
  readonly error?: { readonly err_code?: number; readonly description?: string };
  readonly config?: Readonly<Record<string, unknown>>;
  readonly consumers?: readonly string[];
}

const noStream = 10059;

export async function jetStreamAdmin(
  servers: string,
  access: { user?: string; pass?: string } = {},
): Promise<JetStreamAdmin> {
  const connection = await connect({ servers: servers.split(","), ...access });
  const ask = async (subject: string, body: unknown = ""): Promise<Answer> => {
    const text = body === "" ? "" : JSON.stringify(body);
    const answer = (await connection.request(`$JS.API.${subject}`, text, { timeout: 10_000 })).json<Answer>();
    if (answer.error && answer.error.err_code !== noStream)
      throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
    return answer;
  };
  return {
    connection,
    deleteStream: async (name) => void (await ask(`STREAM.DELETE.${name}`)),
    editStream: async (name, changes) => {
      const { config } = await ask(`STREAM.INFO.${name}`);
      await ask(`STREAM.UPDATE.${name}`, { ...config, ...changes });
    },
    createStream: async (settings) => void (await ask(`STREAM.CREATE.${settings.name}`, settings)),
    consumers: async (stream) => (await ask(`CONSUMER.NAMES.${stream}`)).consumers ?? [],
    deleteConsumer: async (stream, consumer) => void (await ask(`CONSUMER.DELETE.${stream}.${consumer}`)),
    close: () => connection.close(),
  };
}
