export {
  type ConfigurationInput,
  type ConfigurationOf,
  type ConfigurationTable,
  defineConfiguration,
  type Setting,
  type SettingType,
} from "./configuration.ts";
export { createLogger, type Logger, type LoggerOptions, type LogLevel, silentLogger } from "./logger.ts";
export { type MetricOptions, Metrics } from "./metrics.ts";
export type { Service } from "./service.ts";
