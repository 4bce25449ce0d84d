import { Annotations, Duration, RemovalPolicy, Token } from 'aws-cdk-lib'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import {
  type BundlingOptions,
  NodejsFunction,
  type NodejsFunctionProps,
  OutputFormat,
} from 'aws-cdk-lib/aws-lambda-nodejs'
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { discoverServices, requireBanner } from './discover-services.ts'
import { functionRole } from './function-role.ts'

/** Of a function with handlers; everything that `NodejsFunction` takes may be given, too. */
export interface FermataFunctionProps extends NodejsFunctionProps {
  /** The file whose `handler` is what `lambda(…)` returned. */
  readonly entry: string
  /**
   * The names of the services, objects and workflows in it. The function's role may touch their journals alone.
   *
   * @default found out at synthesis: the bundled file is loaded in a process of its own, without credentials, and
   * asked. Say them where loading it then does more than define handlers.
   */
  readonly services?: readonly string[]
  /** @default one of its own, with a month of retention */
  readonly logGroup?: ILogGroup
}

type GivenProps = Omit<FermataFunctionProps, 'services'>

const shortAttempt = Duration.seconds(10)

/**
 * A Lambda function with Fermata handlers. Each deployment that changes it publishes a version; versions are kept when a
 * newer one comes, for what runs on them ends on them. What has become of no use is deleted through the orchestrator,
 * which knows.
 *
 * Differs from `NodejsFunction` in its defaults: Node 24 on ARM, 512 MB, 15 minutes (an attempt that suspends costs
 * nothing, and one that runs is not cut off), ES modules, minified, a log group of its own with
 * a month of retention.
 */
export class FermataFunction extends NodejsFunction {
  /** What it serves, by name. */
  readonly services: readonly string[]

  constructor(scope: Construct, id: string, props: FermataFunctionProps) {
    const { services, ...given } = props
    super(scope, id, { ...defaultsOf(scope, id, given), ...given, bundling: bundlingOf(given) })
    this.services = services ?? this.#discover(props)
    this.#warn(props)
  }

  #discover({ entry, handler = 'handler', environment = {}, bundling }: FermataFunctionProps) {
    const conditions = bundling?.esbuildArgs?.['--conditions']
    try {
      const known = Object.entries(environment).filter(([, value]) => !Token.isUnresolved(value))
      return discoverServices({
        entry,
        handler,
        environment: Object.fromEntries(known),
        conditions: typeof conditions === 'string' ? conditions.split(',') : [],
      })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      Annotations.of(this).addError(
        `What ${entry} serves could not be found out: ${reason}. Export what lambda(…) returns as "${handler}", or say \`services\``,
      )
      return []
    }
  }

  #warn({ timeout, reservedConcurrentExecutions, currentVersionOptions }: FermataFunctionProps) {
    const warn = (id: string, text: string) =>
      Annotations.of(this).addWarningV2(`@fermata/cdk:${id}`, text)
    if (timeout !== undefined && timeout.toMilliseconds() < shortAttempt.toMilliseconds()) {
      warn('shortTimeout', 'A step that takes longer than the timeout of the function never ends')
    }
    if (reservedConcurrentExecutions === 0) {
      warn('noConcurrency', 'With a reserved concurrency of 0 the function cannot be registered')
    }
    const removal = currentVersionOptions?.removalPolicy
    if (removal !== undefined && removal !== RemovalPolicy.RETAIN) {
      warn(
        'versionsRemoved',
        'Versions are removed while invocations may still be on them: those are paused then',
      )
    }
  }
}

function defaultsOf(scope: Construct, id: string, given: GivenProps): NodejsFunctionProps {
  return {
    handler: 'handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: 512,
    timeout: Duration.minutes(15),
    // No AWS client needs it: what is bundled makes its own connections.
    awsSdkConnectionReuse: false,
    currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    ...(given.logRetention === undefined ? loggingOf(scope, id, given) : {}),
  }
}

function loggingOf(scope: Construct, id: string, given: GivenProps): NodejsFunctionProps {
  const logGroup =
    given.logGroup ??
    new LogGroup(scope, `${id}Logs`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    })
  if (given.role !== undefined) return { logGroup }
  const role = functionRole(scope, `${id}Role`, { logGroup, inVpc: given.vpc !== undefined })
  return { logGroup, role }
}

function bundlingOf({ bundling = {} }: NodejsFunctionProps): BundlingOptions {
  return {
    minify: true,
    keepNames: true,
    target: 'node24',
    format: OutputFormat.ESM,
    mainFields: ['module', 'main'],
    banner: requireBanner,
    ...bundling,
  }
}
