import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import type { MeasurablePorts } from '@fermata/orchestrator/adapters/telemetry/metrics'
import { measure } from '@fermata/orchestrator/adapters/telemetry/metrics'
import type {
  InvokeOutcome,
  PartitionPosition,
  RecordSink,
  RecordSource,
  SourceRecord,
} from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../support/sim-clock.ts'

type Line = Readonly<Record<string, unknown>> & {
  readonly _aws: { readonly CloudWatchMetrics: readonly [{ readonly Dimensions: unknown }] }
}

const spec = {
  cluster: 'main',
  topics: ['orders'],
  groupId: 'fermata.orders',
  startFrom: 'earliest',
} as const

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

function stage() {
  const clock = createVirtualClock()
  const lines: Line[] = []
  let positions: readonly PartitionPosition[] = []
  let offered: RecordSink | undefined
  const source: RecordSource = {
    open: async (_spec, sink) => {
      offered = sink
      return { stop: async () => undefined }
    },
    positions: async () => positions,
    close: async () => undefined,
  }
  const outcomes: InvokeOutcome[] = []
  const bare: MeasurablePorts = {
    ...createMemoryStores({ clock }),
    clock,
    logger: silent,
    source,
    invoker: {
      invoke: async () => outcomes.shift() ?? { kind: 'too-large' },
      discover: () => Promise.reject(new Error('not asked')),
      close: async () => undefined,
    },
  }
  const { ports, start } = measure(bare, {
    table: 'fermata',
    everyMs: 60_000,
    write: (line) => lines.push(JSON.parse(line)),
  })
  start()
  return {
    clock,
    ports,
    outcomes,
    lines,
    sink: () => offered,
    at: (committed: string | undefined, end: string) => {
      positions = [{ topic: 'orders', partition: 0, committed, end }]
    },
    async minute() {
      lines.length = 0
      await clock.advance(60_000)
      await clock.settle()
    },
  }
}

const record = (timestamp: number): SourceRecord => ({
  topic: 'orders',
  partition: 0,
  offset: '1',
  timestamp,
  key: null,
  value: null,
  headers: [],
})

describe('metrics in the log', () => {
  it('are one line for all, in the embedded metric format', async () => {
    const { minute, lines } = stage()
    await minute()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'Fermata', Dimensions: [['Table']] }] },
      Table: 'fermata',
      Running: 0,
      Throttles: 0,
      LagSeconds: 0,
    })
  })

  it('count throttled attempts once, and begin anew', async () => {
    const { minute, lines, ports, outcomes } = stage()
    outcomes.push({ kind: 'throttled', retryAfterMs: undefined })
    await ports.invoker.invoke('arn', {} as never, new AbortController().signal)
    await minute()
    expect(lines[0]).toMatchObject({ Throttles: 1, Running: 1 })
    await minute()
    expect(lines[0]).toMatchObject({ Throttles: 0, Running: 0 })
  })

  it('count records that are put aside', async () => {
    const { minute, lines, ports } = stage()
    await ports.registry.put('dead', 'one', {}, undefined)
    await ports.registry.put('deployments', 'one', {}, undefined)
    // Somebody was faster: it is there already.
    await ports.registry.put('dead', 'one', {}, undefined)
    await minute()
    expect(lines[0]).toMatchObject({ DeadLetters: 1 })
  })

  it('tell how old the oldest record is that is not accepted', async () => {
    const { minute, lines, ports, clock, sink, at } = stage()
    at('5', '8')
    const accepted = Promise.withResolvers<void>()
    await ports.source.open(spec, { accept: () => accepted.promise, failed: () => undefined })
    const taking = sink()?.accept(record(clock.now() - 10_000), new AbortController().signal)
    await minute()
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({ LagSeconds: 70, LagRecords: 3 })
    expect(lines[1]).toMatchObject({ Subscription: 'orders', LagSeconds: 70, LagRecords: 3 })
    expect(lines[1]?._aws.CloudWatchMetrics[0].Dimensions).toEqual([['Table', 'Subscription']])
    accepted.resolve()
    await taking
    at('8', '8')
    await minute()
    expect(lines[0]).toMatchObject({ LagSeconds: 0, LagRecords: 0 })
  })

  it('grow while there is something to consume and nothing is offered', async () => {
    const { minute, lines, ports, at } = stage()
    at('5', '8')
    await ports.source.open(spec, { accept: async () => undefined, failed: () => undefined })
    await minute()
    expect(lines[0]).toMatchObject({ LagSeconds: 0, LagRecords: 3 })
    await minute()
    expect(lines[0]).toMatchObject({ LagSeconds: 60 })
    at('6', '8')
    await minute()
    expect(lines[0]).toMatchObject({ LagSeconds: 0, LagRecords: 2 })
  })

  it('forget a subscription that is stopped', async () => {
    const { minute, lines, ports } = stage()
    const running = await ports.source.open(spec, {
      accept: async () => undefined,
      failed: () => undefined,
    })
    await running.stop()
    await minute()
    expect(lines).toHaveLength(1)
  })
})
