export { compose, type Meters, type Orchestrator, type Ports } from './compose.ts'
export type { Config } from './config/config-type.ts'
export { type Environment, loadConfig, processEnvironment } from './config.ts'
export { version } from './version.ts'
