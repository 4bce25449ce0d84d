import type { Definition, Sink } from '@fermata/lambda-runtime'
import { CustomResource, Duration } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct, type IDependable } from 'constructs'
import type { FermataFunction } from './fermata-function.ts'
import type { Storage } from './function-policy.ts'
import { orchestratorMetric } from './metrics.ts'

/** What becomes of a function that goes while invocations are still on it. */
export interface RegisterOptions {
  /**
   * `drain`: waits for them, and fails with the reason when they take longer than `drainFor`. `force`: waits, then
   * removes the function all the same; they are paused.
   *
   * @default 'drain'
   */
  readonly onRemoval?: 'drain' | 'force'
  /**
   * At most 13 minutes, for a Lambda function waits; deploy again to go on waiting.
   * @default 5 minutes
   */
  readonly drainFor?: Duration
}

/** Where the resources of an orchestrator find it. */
export type Registry = {
  readonly registrar: IFunction
  readonly adminUrl: string
  /** What must be there before anything can be registered. */
  readonly ready: IDependable
}

/**
 * CloudFormation gives up then, and rolls back; the function has reported before: it begins within 15 minutes or not at
 * all, and ends within 15.
 */
const serviceTimeout = Duration.minutes(31)

/** The registration of a function's current version with an orchestrator. */
export class Registration extends Construct {
  /** What else depends on the registration waits for it. Its attribute `Id` is the deployment's. */
  readonly resource: CustomResource

  constructor(
    scope: Construct,
    id: string,
    props: Registry & RegisterOptions & { readonly fn: FermataFunction },
  ) {
    super(scope, id)
    const { registrar, adminUrl, fn, onRemoval = 'drain', drainFor = Duration.minutes(5) } = props
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::FermataDeployment',
      serviceToken: registrar.functionArn,
      serviceTimeout,
      properties: {
        Kind: 'deployment',
        AdminUrl: adminUrl,
        Arn: fn.currentVersion.functionArn,
        Services: [...fn.services].toSorted(),
        DrainSeconds: drainFor.toSeconds(),
        OnRemoval: onRemoval,
      },
    })
    this.resource.node.addDependency(props.ready)
  }
}

/** Leave to delete published versions of a function, not the function. */
export function deleteVersionsStatement(fn: FermataFunction): PolicyStatement {
  return new PolicyStatement({
    actions: ['lambda:DeleteFunction'],
    resources: [`${fn.functionArn}:*`],
  })
}

/** The sinks of a definition; any, where it is not said which. */
export type SinkOf<D extends Definition> = unknown extends D['~api']
  ? `${string}/${string}`
  : Sink<D>

/** How a topic is consumed. */
export interface SubscribeProps<S extends string = `${string}/${string}`> {
  /** `kafka://<cluster>/<topic>`; the cluster is a name of the orchestrator's `kafka`. */
  readonly source: string
  /** `<service>/<handler>` */
  readonly sink: S
  /** Where there is no committed position yet. @default 'earliest' */
  readonly startFrom?: 'earliest' | 'latest'
  /** Attempts at once for records of this subscription, over all tasks. @default no bound but the orchestrator's */
  readonly running?: number
}

/** A subscription of an orchestrator. */
export class Subscription extends Construct {
  /** What else depends on the subscription waits for it. */
  readonly resource: CustomResource
  readonly #dimensions: { readonly Table: string; readonly Subscription: string }

  constructor(
    scope: Construct,
    id: string,
    props: Registry &
      SubscribeProps & {
        readonly name: string
        readonly storage: Storage
        /** Whether the cluster knows roles: then the leave for the topic is as new as this. */
        readonly byRole: boolean
      },
  ) {
    super(scope, id)
    this.#dimensions = { Table: props.storage.table.tableName, Subscription: props.name }
    const { registrar, adminUrl, name, source, sink, startFrom, running, byRole } = props
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::FermataSubscription',
      serviceToken: registrar.functionArn,
      serviceTimeout,
      properties: {
        Kind: 'subscription',
        AdminUrl: adminUrl,
        Name: name,
        Source: source,
        Sink: sink,
        ...(startFrom === undefined ? {} : { StartFrom: startFrom }),
        ...(running === undefined ? {} : { Running: running }),
        ...(byRole ? { ByRole: 'true' } : {}),
      },
    })
    this.resource.node.addDependency(props.ready)
  }
  /** Seconds: how old the oldest record of it is that is not accepted yet. */
  metricLag(options?: MetricOptions): Metric {
    return orchestratorMetric(this.#dimensions, 'LagSeconds', options)
  }

  /** Records between what is accepted and the end of the topic. */
  metricRecordsBehind(options?: MetricOptions): Metric {
    return orchestratorMetric(this.#dimensions, 'LagRecords', options)
  }
}
