import type {
  Clock,
  Invoker,
  JournalStore,
  Logger,
  RecordSource,
  RegistryStore,
} from '../../ports/index.ts'
import { startEmfReporter } from './emf-reporter.ts'
import {
  measuredInvoker,
  measuredJournals,
  measuredRegistry,
  measuredSource,
} from './measured-ports.ts'
import { Measurements } from './measurements.ts'

export type MeasurablePorts = {
  readonly invoker: Invoker
  readonly journals: JournalStore
  readonly registry: RegistryStore
  readonly source: RecordSource
  readonly clock: Clock
  readonly logger: Logger
}

export type MetricsOptions = {
  readonly table: string
  readonly everyMs: number
  /** Takes lines of JSON; standard output by default. */
  readonly write?: (line: string) => void
}

/** The same ports, counted, and what reports the counts while it runs. */
export function measure<P extends MeasurablePorts>(
  ports: P,
  { write = writeLine, ...options }: MetricsOptions,
): { readonly ports: P; start(): { stop(): void } } {
  const measurements = new Measurements()
  const { clock, logger, source } = ports
  return {
    ports: {
      ...ports,
      invoker: measuredInvoker(ports.invoker, measurements),
      journals: measuredJournals(ports.journals, measurements),
      registry: measuredRegistry(ports.registry, measurements),
      source: measuredSource(source, measurements, clock),
    },
    start: () => startEmfReporter(measurements, { ...options, clock, logger, source, write }),
  }
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`)
}
