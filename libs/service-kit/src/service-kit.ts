export { type ConfigurationInput, type ConfigurationTable, defineConfiguration } from "./configuration.ts";
export { type FollowedFile, type FollowFileOptions, followFile } from "./follow-file.ts";
export { type KeepTryingOptions, keepTrying } from "./keep-trying.ts";
export { LogReach } from "./log-reach.ts";
export { createLogger, type Logger, type LoggerOptions, type LogLevel, silentLogger } from "./logger.ts";
export { type MetricOptions, Metrics } from "./metrics.ts";
export {
  type OperationsServer,
  type OperationsServerOptions,
  type Readiness,
  startOperationsServer,
} from "./operations-server.ts";
export { processSettings } from "./process-settings.ts";
export { type ProcessInput, type ProcessOptions, type ProcessTools, runProcess } from "./run-process.ts";
export { type RunningPart, RunningParts } from "./running-parts.ts";
export {
  openSealingKeys,
  type SealingKeys,
  type SealingKeysOptions,
  sealingKeySettings,
  startSealingKeys,
} from "./sealing-keys.ts";
export { type ConfigurationOf, type Setting, type SettingType, settingKind } from "./setting.ts";
