import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { Orchestrator } from './orchestrator.ts'

/** Of a {@link Monitoring}. */
export interface MonitoringProps {
  /** Whose metrics. */
  readonly orchestrator: Orchestrator
  /** What alarms do. @default nothing: they show on the dashboard */
  readonly actions?: readonly IAlarmAction[]
  /** A record older than this that is not accepted is an alarm. @default 5 minutes */
  readonly maxLag?: Duration
}

type AlarmOptions = {
  readonly metric: IMetric
  readonly above: number
  readonly minutes: number
  readonly description: string
}

const width = 12

/** A dashboard of an orchestrator, and alarms for what somebody should look at. */
export class Monitoring extends Construct {
  /** All of them, for actions of their own. */
  readonly alarms: readonly Alarm[]
  /** Add widgets of your own. */
  readonly dashboard: Dashboard

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id)
    const { orchestrator, actions = [], maxLag = Duration.minutes(5) } = props
    this.alarms = [
      this.#alarm('Lag', {
        metric: orchestrator.metricLag(),
        above: maxLag.toSeconds(),
        minutes: 5,
        description: 'Records wait too long before they are accepted',
      }),
      this.#alarm('Paused', {
        metric: orchestrator.metricPaused(),
        above: 0,
        minutes: 1,
        description: 'Invocations were paused: GET /invocations?status=paused says why',
      }),
      this.#alarm('DeadLetters', {
        metric: orchestrator.metricDeadLetters(),
        above: 0,
        minutes: 1,
        description: 'Records could not be decoded or routed: GET /dead has them',
      }),
      this.#alarm('Failures', {
        metric: orchestrator.metricFailures(),
        above: 0,
        minutes: 15,
        description: 'Attempts keep failing: GET /invocations?status=backing-off says which',
      }),
      this.#alarm('Throttles', {
        metric: orchestrator.metricThrottles(),
        above: 0,
        minutes: 15,
        description:
          'Lambda has no room for long: raise the concurrency of a function, or of the account',
      }),
      this.#silence(orchestrator),
    ]
    for (const alarm of this.alarms) alarm.addAlarmAction(...actions)
    this.dashboard = this.#addDashboard(orchestrator)
  }

  #alarm(id: string, { metric, above, minutes, description }: AlarmOptions): Alarm {
    return new Alarm(this, id, {
      metric,
      threshold: above,
      evaluationPeriods: minutes,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      alarmDescription: description,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
  }

  /** Each task reports once a minute. */
  #silence(orchestrator: Orchestrator): Alarm {
    const alarm = new Alarm(this, 'Silent', {
      metric: orchestrator.metricRunning({ statistic: 'SampleCount' }),
      threshold: 1,
      evaluationPeriods: 5,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      alarmDescription: 'No orchestrator has reported for five minutes: is a task running?',
      treatMissingData: TreatMissingData.BREACHING,
    })
    // Nobody is missed before a task runs, and when the stack goes.
    alarm.node.addDependency(orchestrator.service)
    return alarm
  }

  #addDashboard(orchestrator: Orchestrator): Dashboard {
    const dashboard = new Dashboard(this, 'Dashboard')
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width })
    const { service } = orchestrator
    dashboard.addWidgets(
      graph('Oldest unaccepted record (s)', [orchestrator.metricLag()]),
      graph('Records behind', [orchestrator.metric('LagRecords')]),
    )
    dashboard.addWidgets(
      graph('Running attempts of one task', [orchestrator.metricRunning()]),
      graph('Ended, failed, throttled', [
        orchestrator.metric('Completed'),
        orchestrator.metric('Failures'),
        orchestrator.metric('Throttles'),
      ]),
    )
    dashboard.addWidgets(
      graph('To be looked at', [orchestrator.metricDeadLetters(), orchestrator.metricPaused()]),
      graph('Tasks', [service.metricCpuUtilization()], [service.metricMemoryUtilization()]),
    )
    return dashboard
  }
}
