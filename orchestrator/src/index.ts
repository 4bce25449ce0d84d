export { compose, type Meters, type Orchestrator, type Ports } from './compose.ts'
export type { Config } from './config/config-type.ts'
export { loadConfig } from './config.ts'
