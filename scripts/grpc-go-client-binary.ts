import { join } from "node:path";
import { type GoProgramOptions, goProgram } from "./go-program.ts";

/** The gRPC client of Go that the tests run (`test/grpc-go`). */
export function grpcGoClientBinary(options: GoProgramOptions): Promise<string> {
  return goProgram(
    {
      name: "grpc-go-client",
      sources: join(import.meta.dirname, "..", "test", "grpc-go"),
      buildTimeoutMs: 400_000,
      takes: "about half a minute",
    },
    options,
  );
}
