import { ExtensionClient, type Surroundings } from "./extension-client.ts";
import type { ExtensionSettings } from "./extension-settings.ts";
import { openGrpcTransport } from "./grpc-transport.ts";

/**
 * A client of one extension server, over gRPC. Never fails: it connects when it is first asked, and settings that
 * cannot be used are the outcome of each question. The caller closes it.
 */
export function openExtensionClient(
  settings: ExtensionSettings,
  surroundings: Surroundings,
): ExtensionClient {
  return new ExtensionClient(settings, openGrpcTransport(settings), surroundings);
}
