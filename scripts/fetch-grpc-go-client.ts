/**
 * Builds the gRPC client of Go that the tests run and prints its path: `node scripts/fetch-grpc-go-client.ts`.
 * Does nothing when it is in the cache.
 */
import { cacheFolder } from "../services/cli/src/cache-folder.ts";
import { grpcGoClientBinary } from "./grpc-go-client-binary.ts";

try {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  process.stdout.write(`${await grpcGoClientBinary({ cacheFolder: cacheFolder(process.env), progress })}\n`);
} catch (cause) {
  process.stderr.write(`error: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
