export { openSqliteEventLogs, type SqliteEventLogs, type SqliteEventLogsOptions } from "./open-event-logs.ts";
