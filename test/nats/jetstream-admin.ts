/** What an operator, or an accident, does to streams behind the back of those who use them. */
import { connect } from "nats";

export interface Access {
  readonly user?: string;
  readonly pass?: string;
}

export interface JetStreamAdmin {
  /** One request to JetStream's API, on a connection of its own. Fails as the server says. */
  ask(subject: string, body?: unknown): Promise<ApiAnswer>;
  /** Idempotent. */
  deleteStream(name: string): Promise<void>;
  /** Changes some fields of a stream's configuration. */
  editStream(name: string, changes: Readonly<Record<string, unknown>>): Promise<void>;
  createStream(settings: Readonly<Record<string, unknown>> & { readonly name: string }): Promise<void>;
  /** Consumers that a stream has now. */
  consumers(stream: string): Promise<readonly string[]>;
}

export interface ApiAnswer {
  readonly error?: { readonly err_code?: number; readonly description?: string };
  readonly config?: Readonly<Record<string, unknown>>;
  readonly consumers?: readonly string[];
}

const noStream = 10059;
const askTimeoutMs = 15_000;

export function jetStreamAdmin(servers: string, access: Access = {}): JetStreamAdmin {
  const ask = async (subject: string, body?: unknown): Promise<ApiAnswer> => {
    const connection = await connect({ servers: servers.split(","), ...access });
    try {
      const text = body === undefined ? "" : JSON.stringify(body);
      const reply = await connection.request(`$JS.API.${subject}`, text, { timeout: askTimeoutMs });
      const answer = reply.json<ApiAnswer>();
      if (!answer.error || answer.error.err_code === noStream) return answer;
      throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
    } finally {
      await connection.close();
    }
  };
  return {
    ask,
    deleteStream: async (name) => void (await ask(`STREAM.DELETE.${name}`)),
    editStream: async (name, changes) => {
      const { config } = await ask(`STREAM.INFO.${name}`);
      await ask(`STREAM.UPDATE.${name}`, { ...config, ...changes });
    },
    createStream: async (settings) => void (await ask(`STREAM.CREATE.${settings.name}`, settings)),
    consumers: async (stream) => (await ask(`CONSUMER.NAMES.${stream}`)).consumers ?? [],
  };
}
