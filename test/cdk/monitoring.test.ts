/** The dashboard and the alarms, and that the orchestrator emits what they show. */
import { Monitoring } from '@fermata/cdk'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { type MeasurablePorts, measure } from '@fermata/orchestrator/adapters/telemetry/metrics'
import { Duration } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../support/sim-clock.ts'
import { functionIn, propertiesOf, scene } from './support/synthesis.ts'

const shown = [
  'Completed',
  'DeadLetters',
  'Failures',
  'LagRecords',
  'LagSeconds',
  'Paused',
  'Running',
  'Throttles',
]

type Directive = {
  readonly Namespace: string
  readonly Dimensions: readonly string[][]
  readonly Metrics: readonly { readonly Name: string }[]
}

/** What an orchestrator with one subscription tells CloudWatch in a minute. */
async function emitted(): Promise<Directive[]> {
  const clock = createVirtualClock()
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
  const lines: string[] = []
  const bare: MeasurablePorts = {
    ...createMemoryStores({ clock }),
    clock,
    logger: silent,
    source: {
      open: async () => ({ stop: async () => undefined }),
      positions: async () => [],
      close: async () => undefined,
    },
    invoker: {
      invoke: async () => ({ kind: 'too-large' }),
      discover: () => Promise.reject(new Error('not asked')),
      close: async () => undefined,
    },
  }
  const { ports, start } = measure(bare, {
    table: 'fermata',
    everyMs: 60_000,
    write: (line) => lines.push(line),
  })
  const spec = { cluster: 'main', topics: ['orders'], groupId: 'fermata.orders' }
  await ports.source.open(
    { ...spec, startFrom: 'earliest' },
    { accept: async () => undefined, failed: () => undefined },
  )
  const reporter = start()
  await clock.advance(60_000)
  await clock.settle()
  reporter.stop()
  return lines.flatMap((line) => JSON.parse(line)._aws.CloudWatchMetrics as Directive[])
}

/** Of the dashboard of a stack: namespace, name and names of dimensions. */
function onDashboard(monitoring: ReturnType<typeof watched>): Set<string> {
  const [body] = propertiesOf(monitoring.stack, 'AWS::CloudWatch::Dashboard').map(
    ({ DashboardBody }) => JSON.stringify(DashboardBody),
  )
  const found = body?.matchAll(/\\"Fermata\\",\\"(\w+)\\",\\"Table\\"/g) ?? []
  return new Set([...found].map(([, name]) => name ?? ''))
}

function watched() {
  const { stack, fermata } = scene()
  const topic = new Topic(stack, 'Topic')
  const actions = [new SnsAction(topic)]
  new Monitoring(stack, 'Monitoring', {
    orchestrator: fermata,
    actions,
    maxLag: Duration.minutes(2),
  })
  return { stack, fermata }
}

describe('monitoring', () => {
  it('shows all that there is to see, and the orchestrator emits each of it', async () => {
    expect([...onDashboard(watched())].toSorted()).toEqual(shown)
    const [all] = await emitted()
    expect(all).toMatchObject({ Namespace: 'Fermata', Dimensions: [['Table']] })
    expect(all?.Metrics.map(({ Name }) => Name).toSorted()).toEqual(shown)
  })

  it('has an alarm for each thing that somebody should look at, which tells somebody', () => {
    const alarms = propertiesOf(watched().stack, 'AWS::CloudWatch::Alarm')
    const told = alarms.map(({ MetricName, EvaluationPeriods, Threshold, TreatMissingData }) =>
      [MetricName, EvaluationPeriods, Threshold, TreatMissingData].join(' '),
    )
    expect(told.toSorted()).toEqual([
      'DeadLetters 1 0 notBreaching',
      'Failures 15 0 notBreaching',
      'LagSeconds 5 120 notBreaching',
      'Paused 1 0 notBreaching',
      'Running 5 1 breaching',
      'Throttles 15 0 notBreaching',
    ])
    for (const { AlarmActions } of alarms) expect(AlarmActions).toHaveLength(1)
  })

  it('does not call anybody about silence before there is somebody to be heard', () => {
    const { stack } = watched()
    const found = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'))
    const [silence] = found.filter(({ Properties }) => Properties.MetricName === 'Running')
    const [service] = Object.keys(Template.fromStack(stack).findResources('AWS::ECS::Service'))
    expect(silence?.['DependsOn']).toContain(service)
  })

  it('has the lag of one subscription, as it is emitted', async () => {
    const { stack, fermata } = scene()
    fermata.register(functionIn(stack))
    const orders = fermata.subscribe('orders', {
      source: 'kafka://main/orders',
      sink: 'shop/buy',
    })
    new Alarm(stack, 'Late', { metric: orders.metricLag(), threshold: 1, evaluationPeriods: 1 })
    const [alarm] = propertiesOf(stack, 'AWS::CloudWatch::Alarm')
    const dimensions = (alarm?.['Dimensions'] ?? []) as { Name: string }[]
    const names = dimensions.map(({ Name }) => Name)
    const [, one] = await emitted()
    expect(one?.Dimensions).toEqual([names.toReversed()])
    expect(one?.Metrics.map(({ Name }) => Name)).toEqual([
      orders.metricLag().metricName,
      orders.metricRecordsBehind().metricName,
    ])
  })
})
