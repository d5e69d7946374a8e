/** Asking extension servers that speak the protocol of Envoy Gateway; nothing here knows logs or objects. */
export { ExtensionCaller, type ExtensionCallerOptions } from "./extension-caller.ts";
export { ExtensionClient, type Surroundings } from "./extension-client.ts";
export {
  type CallPolicy,
  callPolicy,
  type ExtensionService,
  type ExtensionSettings,
  type ExtensionTls,
} from "./extension-settings.ts";
export { NewestQuestions, type NewestQuestionsOptions } from "./newest-questions.ts";
export { openExtensionClient } from "./open-extension-client.ts";
export { type RetryPolicy, retryDelayMs } from "./retry-policy.ts";
