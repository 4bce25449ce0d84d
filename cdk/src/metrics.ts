import { Duration } from 'aws-cdk-lib'
import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'

/** Where the orchestrator's log lines put what it counts. */
export const metricNamespace = 'Fermata'

/** What the orchestrator counts, and how it is put together over tasks and time. */
export const metricStatistics: {
  readonly LagSeconds: string
  readonly LagRecords: string
  readonly Running: string
  readonly Completed: string
  readonly Failures: string
  readonly Throttles: string
  readonly DeadLetters: string
  readonly Paused: string
} = {
  /** How old the oldest record is that is not accepted yet. */
  LagSeconds: Stats.MAXIMUM,
  /** Records behind the end of the partitions. Every task asks about all of them. */
  LagRecords: Stats.MAXIMUM,
  /** Attempts under way, of one task. */
  Running: Stats.MAXIMUM,
  /** Invocations that ended. */
  Completed: Stats.SUM,
  /** Attempts that failed. */
  Failures: Stats.SUM,
  Throttles: Stats.SUM,
  DeadLetters: Stats.SUM,
  /** Invocations that were paused. */
  Paused: Stats.SUM,
}

/** `LagSeconds`, `Running`, and so on: docs/deploying.md tells what they are. */
export type MetricName = keyof typeof metricStatistics

/** One of the orchestrator's metrics, of all its tasks; the lag of one subscription, where it is said. */
export function orchestratorMetric(
  dimensionsMap: { readonly Table: string; readonly Subscription?: string },
  metricName: MetricName,
  options: MetricOptions = {},
): Metric {
  return new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap,
    statistic: metricStatistics[metricName],
    period: Duration.minutes(1),
    ...options,
  })
}
