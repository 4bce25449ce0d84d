import type { Clock, Logger, RecordSource } from '../../ports/index.ts'
import type { Lag, Measurements, Numbers } from './measurements.ts'

export type EmfOptions = {
  /** Tells orchestrators apart. */
  readonly table: string
  readonly everyMs: number
  readonly clock: Clock
  readonly logger: Logger
  readonly source: Pick<RecordSource, 'positions'>
  /** Takes lines; standard output in production. */
  readonly write: (line: string) => void
}

const namespace = 'Fermata'

/**
 * Writes what was measured into the log, once in a while, in CloudWatch's embedded metric format: CloudWatch Logs makes
 * metrics of such lines, so nothing has to be called and no permission is needed.
 */
export function startEmfReporter(
  measurements: Measurements,
  options: EmfOptions,
): { stop(): void } {
  const { clock, everyMs } = options
  let cancel: () => void = () => undefined
  let isStopped = false
  const next = (): void => {
    cancel = clock.timer(everyMs, () => void report(measurements, options).finally(goOn))
  }
  const goOn = (): void => {
    if (!isStopped) next()
  }
  next()
  return {
    stop() {
      isStopped = true
      cancel()
    },
  }
}

/** One line for all, and one for each subscription. Never rejects. */
async function report(measurements: Measurements, options: EmfOptions): Promise<void> {
  const lags = await Promise.all(
    measurements.subscriptions.map(async (one) =>
      one.take(await positionsOf(one.spec, options), options.clock.now()),
    ),
  )
  const worst = {
    LagSeconds: Math.max(0, ...lags.map(({ seconds }) => seconds)),
    LagRecords: lags.reduce((sum, { records }) => sum + records, 0),
  }
  options.write(lineOf({ ...measurements.take(), ...worst }, {}, options))
  for (const lag of lags) options.write(lagLine(lag, options))
}

async function positionsOf(
  spec: Parameters<RecordSource['positions']>[0],
  { source, logger }: EmfOptions,
) {
  try {
    return await source.positions(spec)
  } catch (error) {
    logger.debug({ group: spec.groupId, error: String(error) }, 'Its lag is not known now')
    return undefined
  }
}

function lagLine({ subscription, seconds, records }: Lag, options: EmfOptions): string {
  const numbers = { LagSeconds: seconds, LagRecords: records }
  return lineOf(numbers, { Subscription: subscription }, options)
}

type Metrics = Partial<Numbers> & { readonly LagSeconds: number; readonly LagRecords: number }

function lineOf(
  metrics: Metrics,
  also: Readonly<Record<string, string>>,
  { table, clock }: EmfOptions,
): string {
  const dimensions = { Table: table, ...also }
  const Metrics = Object.keys(metrics).map((Name) => ({
    Name,
    Unit: Name === 'LagSeconds' ? 'Seconds' : 'Count',
  }))
  const directive = { Namespace: namespace, Dimensions: [Object.keys(dimensions)], Metrics }
  const _aws = { Timestamp: clock.now(), CloudWatchMetrics: [directive] }
  return JSON.stringify({ _aws, ...dimensions, ...metrics })
}
