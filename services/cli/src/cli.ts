export { cacheFolder } from "./cache-folder.ts";
export { devCrashPoints } from "./dev/crash-at.ts";
export { defaultEnvoyVersion, type EnvoyVersion, envoyBinary } from "./envoy-binary.ts";
export { startCommandOptions } from "./envoy-options.ts";
