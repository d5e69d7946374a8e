export { cacheFolder } from "./cache-folder.ts";
export { devCrashPoints } from "./dev/crash-points.ts";
export { knownNames } from "./environment-names.ts";
export { defaultEnvoyVersion, type EnvoyVersion, envoyBinary } from "./envoy-binary.ts";
export { startCommandOptions } from "./envoy-options.ts";
export { natsFlagNames } from "./nats-options.ts";
