import type { Definition } from '@fermata/lambda-runtime'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { Grant, IGrantable, IRole } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { FermataFunction } from './fermata-function.ts'
import { functionStatements, grantAll } from './function-policy.ts'
import { type MetricName, orchestratorMetric } from './metrics.ts'
import { registerFunction, type Site, subscribeTopic } from './registering.ts'
import type {
  RegisterOptions,
  Registration,
  SinkOf,
  SubscribeProps,
  Subscription,
} from './registration.ts'

/** What can be done with an orchestrator, whether this app deploys it or another one has. */
export abstract class OrchestratorBase extends Construct implements IGrantable {
  /** Journals, state, timers, registry. */
  abstract readonly table: ITable | ITableV2
  /** What the orchestrator is to AWS: what is granted to an orchestrator is granted to it. */
  abstract readonly taskRole: IRole
  /** Where the admin API is, inside the VPC. */
  abstract readonly adminUrl: string
  /** The function that registers. */
  abstract readonly registrar: IFunction

  /** @internal */
  protected abstract readonly _site: Site
  /** By service. */
  readonly #registrations = new Map<string, Registration>()

  get grantPrincipal(): IRole['grantPrincipal'] {
    return this.taskRole.grantPrincipal
  }

  /**
   * Registers the function's current version whenever it changes, gives its role leave to use the journals of its own
   * services, and the orchestrator leave to invoke it. A registration that fails rolls the deployment back, with the
   * reason. All of it is in the function's stack, so functions may be in other stacks than the orchestrator.
   */
  register(fn: FermataFunction, options: RegisterOptions = {}): Registration {
    const registration = registerFunction(fn, options, this._site)
    for (const service of fn.services) this.#registrations.set(service, registration)
    return registration
  }

  /**
   * Delivers a topic to a handler, once the function that serves it is registered: call `register` first. Give the
   * definition's type to have the sink checked.
   *
   * @param name follows it for life: the consumer group and the ids of invocations are derived from it
   * @example fermata.subscribe<typeof checkout>('orders', { source: 'kafka://main/orders', sink: 'checkout/process' })
   */
  subscribe<D extends Definition = Definition>(
    name: string,
    props: SubscribeProps<SinkOf<D>>,
  ): Subscription {
    const registration = this.#registrations.get(props.sink.split('/')[0] ?? '')
    return subscribeTopic(name, props, { registration, site: this._site })
  }

  /** Lets a function append to, and read, the journals of these services: `register` does so for what it registers. */
  grantJournals(grantee: IGrantable, services: readonly string[]): Grant {
    return grantAll(grantee, functionStatements(this._site.storage, services))
  }

  /** Seconds: how old the oldest record is that is not accepted yet, of all subscriptions. */
  metricLag(options?: MetricOptions): Metric {
    return this.metric('LagSeconds', options)
  }

  /** The most attempts at once on one task. */
  metricRunning(options?: MetricOptions): Metric {
    return this.metric('Running', options)
  }

  /** Attempts that failed, and are tried again. */
  metricFailures(options?: MetricOptions): Metric {
    return this.metric('Failures', options)
  }

  /** Attempts that Lambda had no room for: they wait, and nothing fails. */
  metricThrottles(options?: MetricOptions): Metric {
    return this.metric('Throttles', options)
  }

  /** Invocations that were paused: somebody has to look. */
  metricPaused(options?: MetricOptions): Metric {
    return this.metric('Paused', options)
  }

  /** Records that were put aside. */
  metricDeadLetters(options?: MetricOptions): Metric {
    return this.metric('DeadLetters', options)
  }

  /** Any of the orchestrator's metrics. */
  metric(name: MetricName, options?: MetricOptions): Metric {
    return orchestratorMetric({ Table: this.table.tableName }, name, options)
  }
}
