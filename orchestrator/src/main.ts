import { createLogger } from './adapters/telemetry/pino-logger.ts'
import { compose } from './compose.ts'
import type { Config } from './config/config-type.ts'
import { loadConfig, processEnvironment } from './config.ts'
import { FermataError } from './domain/errors.ts'

const longTimeMs = 2 ** 30

/** The service: reads its configuration, runs until it is told to stop, stops gracefully. */
async function main(): Promise<void> {
  const config = configOrExit()
  const logger = createLogger({ level: config.log.level })
  const orchestrator = compose(config, { logger })
  // The clock's timers do not keep a process alive; while it starts or stops, nothing else may be there.
  setInterval(() => {}, longTimeMs)
  let stopping = false
  const stop = (signal: string) => {
    if (stopping) return
    stopping = true
    logger.info({ signal }, 'Stopping')
    orchestrator.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'Stopping failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('unhandledRejection', (error) => {
    logger.error({ error }, 'A promise was rejected and nobody looked; going on')
  })
  try {
    const { ingressPort, adminPort } = await orchestrator.start()
    logger.info({ ingressPort, adminPort, table: config.table }, 'Listening')
  } catch (error) {
    // Told to stop before it was up: the stop ends the process.
    if (stopping) return
    logger.error({ error }, 'Starting failed')
    process.exit(1)
  }
}

function configOrExit(): Config {
  try {
    return loadConfig(processEnvironment())
  } catch (error) {
    const message = error instanceof FermataError ? error.message : String(error)
    process.stderr.write(`${message}\n`)
    process.exit(2)
  }
}

await main()
