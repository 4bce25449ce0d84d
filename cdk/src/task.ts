import { Duration, Size, Stack } from 'aws-cdk-lib'
import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import {
  AwsLogDriverMode,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  Protocol,
  Secret,
} from 'aws-cdk-lib/aws-ecs'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { imageCommand } from './assemble-image.ts'
import { orchestratorImage } from './image.ts'
import type { ClusterBinding } from './kafka/cluster-binding.ts'
import { clusterVariable, orchestratorDocument } from './orchestrator-document.ts'
import type { OrchestratorProps } from './orchestrator-props.ts'
import { suppress } from './suppress.ts'

export type TaskProps = Pick<
  OrchestratorProps,
  'image' | 'cpu' | 'memoryLimitMiB' | 'logLevel' | 'settings' | 'blobs' | 'architecture'
> & {
  readonly table: ITable | ITableV2
  readonly taskRole: IRole
  readonly logGroup: ILogGroup
  readonly stopTimeout: Duration
  readonly ingressPort: number
  readonly adminPort: number
  readonly kafka: Readonly<Record<string, ClusterBinding>>
}

/** Of the stop timeout: what takes nothing new waits once for attempts, once for the table, and leaves its groups. */
const shutdownShare = 1 / 3

/** What runs: one container, one process, nothing written to its disk. */
export function orchestratorTask(scope: Construct, props: TaskProps): FargateTaskDefinition {
  const { architecture = CpuArchitecture.ARM64, adminPort, ingressPort } = props
  const isArm = architecture === CpuArchitecture.ARM64
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: props.cpu ?? 1024,
    memoryLimitMiB: props.memoryLimitMiB ?? 2048,
    taskRole: props.taskRole,
    runtimePlatform: {
      cpuArchitecture: architecture,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  })
  task.addContainer('orchestrator', {
    image: props.image ?? orchestratorImage(isArm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64),
    command: [...imageCommand],
    environment: environmentOf(scope, props),
    secrets: secretsOf(props.kafka),
    readonlyRootFilesystem: true,
    stopTimeout: props.stopTimeout,
    logging: LogDrivers.awsLogs({
      streamPrefix: 'orchestrator',
      logGroup: props.logGroup,
      // Without, a log that takes nothing would stop the process, and with it the heartbeats of its leases.
      mode: AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(25),
    }),
    portMappings: [
      { name: 'ingress', containerPort: ingressPort, protocol: Protocol.TCP },
      { name: 'admin', containerPort: adminPort, protocol: Protocol.TCP },
    ],
    healthCheck: {
      command: ['CMD', 'node', '-e', healthProgram(adminPort)],
      ...healthTimes,
    },
  })
  const reason = 'The configuration is no secret; passwords are taken from secrets'
  suppress(task, { id: 'AwsSolutions-ECS2', reason })
  return task
}

const healthTimes = {
  interval: Duration.seconds(10),
  timeout: Duration.seconds(5),
  retries: 3,
  startPeriod: Duration.seconds(30),
}

/** The image has no shell that it needs: Node asks. */
function healthProgram(adminPort: number): string {
  return `fetch('http://127.0.0.1:${adminPort}/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))`
}

function environmentOf(scope: Construct, props: TaskProps): Record<string, string> {
  const { table, blobs, kafka, ingressPort, adminPort, stopTimeout } = props
  const document = orchestratorDocument({
    table: table.tableName,
    ingressPort,
    adminPort,
    shutdownMs: Math.floor(stopTimeout.toMilliseconds() * shutdownShare),
    logLevel: props.logLevel ?? 'info',
    kafka,
    blobs: blobs && { bucket: blobs.bucket.bucketName, prefix: blobs.prefix ?? '' },
    settings: props.settings ?? {},
  })
  const brokers = Object.entries(kafka).flatMap(([name, { brokerList }]) =>
    brokerList === undefined ? [] : [[clusterVariable(name, 'BROKERS'), brokerList] as const],
  )
  return {
    FERMATA_CONFIG: Stack.of(scope).toJsonString(document),
    AWS_REGION: Stack.of(scope).region,
    ...Object.fromEntries(brokers),
  }
}

function secretsOf(kafka: TaskProps['kafka']): Record<string, Secret> {
  const secrets = Object.entries(kafka).flatMap(([name, { secret }]) =>
    secret === undefined
      ? []
      : ['username', 'password'].map((field) => [
          clusterVariable(name, `SASL_${field.toUpperCase()}`),
          Secret.fromSecretsManager(secret, field),
        ]),
  )
  return Object.fromEntries(secrets)
}
