/** `node examples/extension/run.ts [ADDRESS]`: serves the extension, until SIGTERM or SIGINT. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { extensionDefinition, extensionHandlers } from "./extension-service.ts";

/** A listener may be large, and the objects that come with it. */
const receivedBytesMax = 64 * 1024 * 1024;

const [address = "127.0.0.1:5005"] = process.argv.slice(2);
const server = new Server({ "grpc.max_receive_message_length": receivedBytesMax });
server.addService(extensionDefinition, extensionHandlers);
server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) {
    process.stderr.write(`error: listen on ${address}: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`extension: listening on ${address.replace(/:0$/, `:${port}`)}\n`);
});
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => server.tryShutdown(() => undefined));
