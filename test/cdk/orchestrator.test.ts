import { KafkaCluster, MskAuth } from '@fermata/cdk'
import { loadConfig } from '@fermata/orchestrator'
import { createServer } from '@fermata/orchestrator/adapters/http/server'
import { createLogger } from '@fermata/orchestrator/adapters/telemetry/pino-logger'
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Peer, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, it } from 'vitest'
import { inventory } from '../../examples/orders/services/inventory.ts'
import {
  checks,
  containerOf,
  environmentOf,
  functionIn,
  newStack,
  propertiesOf,
  scene,
  warningsOf,
} from './support/synthesis.ts'

/** From a security group: which ports of which groups are open. */
function letsIn(stack: Stack, caller: string): [unknown, string][] {
  return propertiesOf(stack, 'AWS::EC2::SecurityGroupIngress')
    .filter(({ SourceSecurityGroupId }) => JSON.stringify(SourceSecurityGroupId).includes(caller))
    .map(({ FromPort, GroupId }) => {
      const [id = ''] = (GroupId as { 'Fn::GetAtt': string[] })['Fn::GetAtt']
      return [FromPort, id.replace(/[0-9A-F]{8}$/, '')]
    })
}

describe('an orchestrator', () => {
  it('is a Fargate service whose container writes nothing and may take its time to stop', () => {
    const { stack } = scene()
    checks(stack).hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '1024',
      RuntimePlatform: { CpuArchitecture: 'ARM64' },
      ContainerDefinitions: [
        Match.objectLike({
          ReadonlyRootFilesystem: true,
          StopTimeout: 120,
          Command: ['node', '--disable-warning=TimeoutNegativeWarning', 'fermata.mjs'],
          HealthCheck: Match.objectLike({ Retries: 3 }),
          // A log that takes nothing must not stop it.
          LogConfiguration: Match.objectLike({
            Options: Match.objectLike({ mode: 'non-blocking', 'max-buffer-size': '26214400b' }),
          }),
        }),
      ],
    })
    checks(stack).hasResourceProperties('AWS::ECS::Service', {
      DeploymentConfiguration: Match.objectLike({
        MinimumHealthyPercent: 100,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      }),
      DesiredCount: Match.absent(),
    })
  })

  it('has an environment that it can start with', () => {
    const { stack } = scene({ settings: { limits: { perFunction: 500 } } })
    const config = loadConfig(environmentOf(stack))
    expect(config).toMatchObject({
      kafka: { main: { brokers: ['b1:9092'] } },
      limits: { perFunction: 500 },
      metrics: { emf: true },
      ingress: { port: 8080 },
      admin: { port: 9070 },
    })
    // Once for attempts, once for the table, and some seconds for Kafka.
    expect(2 * config.shutdownMs + 10_000).toBeLessThan(120_000)
  })

  it('keeps its table by default, on demand, recoverable, with a time to live', () => {
    const { stack } = scene()
    checks(stack).hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      Properties: Match.objectLike({
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        TableName: Match.absent(),
      }),
    })
  })

  it('gives no resource a physical name', () => {
    const { stack } = scene({ ingress: {} })
    const template = Template.fromStack(stack).toJSON()
    type Resource = { readonly Properties?: Readonly<Record<string, unknown>> }
    const isOfAnother = (name: unknown) =>
      typeof name === 'object' && name !== null && 'Ref' in name
    const named = Object.entries(template['Resources'] as Record<string, Resource>)
      .filter(([, { Properties = {} }]) =>
        [
          'TableName',
          'FunctionName',
          'RoleName',
          'ClusterName',
          'ServiceName',
          'LogGroupName',
          'GroupName',
          'AlarmName',
        ].some((name) => name in Properties && !isOfAnother(Properties[name])),
      )
      .map(([id]) => id)
    expect(named).toEqual([])
  })

  it('scales by CPU and by how old records are', () => {
    const { stack } = scene({
      scaling: { minTasks: 1, maxTasks: 4, targetLag: Duration.seconds(10) },
    })
    const template = checks(stack)
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      MinCapacity: 1,
      MaxCapacity: 4,
    })
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: Match.objectLike({
        CustomizedMetricSpecification: Match.objectLike({
          Namespace: 'Fermata',
          MetricName: 'LagSeconds',
        }),
        TargetValue: 10,
      }),
    })
    expect(warningsOf(stack)).toContain('singleTask')
  })

  it('has no load balancer unless one is asked for, and then lets in who is named', () => {
    checks(scene().stack).resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0)
    const { stack } = scene({ ingress: { allowFrom: [Peer.ipv4('10.1.0.0/16')] } })
    const template = checks(stack)
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Scheme: 'internal',
    })
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/ready',
      HealthCheckPort: '9070',
    })
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.1.0.0/16', FromPort: 80 })],
    })
  })

  it('keeps connections for longer than its load balancer, which else would use one that is closed', async () => {
    const { stack } = scene({ ingress: {} })
    const { LoadBalancerAttributes: attributes } =
      propertiesOf(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0] ?? {}
    const { Value } =
      (attributes as { Key: string; Value: string }[]).find(({ Key }) => /^idle/.test(Key)) ?? {}
    const server = createServer({
      name: 'ingress',
      maxBodyBytes: 1,
      logger: createLogger({ level: 'silent' }),
    })
    expect(server.server.keepAliveTimeout).toBeGreaterThan(Number(Value) * 1_000)
    await server.close()
  })

  it('is refused a time to stop that Fargate does not give', () => {
    expect(() => scene({ stopTimeout: Duration.seconds(121) })).toThrow(/2 minutes/)
    expect(() => scene({ stopTimeout: Duration.seconds(120) })).not.toThrow()
  })

  it('warns where a deployment would start more tasks than there are shards', () => {
    const warned = (props: Parameters<typeof scene>[0]) => warningsOf(scene(props).stack)
    const scaling = { maxTasks: 17 }
    expect(warned({ scaling })).toContain('fewShards')
    expect(warned({ scaling, settings: { agenda: { shards: 64 } } })).not.toContain('fewShards')
    expect(warned({ scaling: { maxTasks: 16 } })).not.toContain('fewShards')
  })

  it('warns of what is risky', () => {
    const { stack } = scene({
      removalPolicy: RemovalPolicy.DESTROY,
      ingress: { internetFacing: true },
      stopTimeout: Duration.seconds(30),
      cpu: 256,
    })
    expect(warningsOf(stack).toSorted()).toEqual([
      'plainIngress',
      'plainKafka',
      'publicIngress',
      'shortStop',
      'smallTask',
      'tableRemoved',
    ])
  })

  it('can be reached by whom it is granted to: tasks, the load balancer before them, the admin API', () => {
    const { stack, vpc, fermata } = scene()
    fermata.grantInvoke(new SecurityGroup(stack, 'Caller', { vpc }))
    fermata.grantAdmin(new SecurityGroup(stack, 'Operator', { vpc }))
    const balanced = scene({ ingress: { port: 8443 } })
    balanced.fermata.grantInvoke(new SecurityGroup(balanced.stack, 'Caller', { vpc: balanced.vpc }))
    expect(letsIn(stack, 'Caller')).toEqual([[8080, 'FermataServiceSecurityGroup']])
    expect(letsIn(stack, 'Operator')).toEqual([[9070, 'FermataServiceSecurityGroup']])
    expect(letsIn(balanced.stack, 'Caller')).toEqual([
      [8443, 'FermataIngressLoadBalancerSecurityGroup'],
    ])
  })

  it('has a metric for each thing that it counts', () => {
    const { stack, fermata } = scene()
    const metrics = [
      fermata.metricLag(),
      fermata.metricRunning(),
      fermata.metricFailures(),
      fermata.metricThrottles(),
      fermata.metricPaused(),
      fermata.metricDeadLetters({ statistic: 'Average' }),
    ]
    expect(metrics.map(({ metricName, statistic }) => [metricName, statistic])).toEqual([
      ['LagSeconds', 'Maximum'],
      ['Running', 'Maximum'],
      ['Failures', 'Sum'],
      ['Throttles', 'Sum'],
      ['Paused', 'Sum'],
      ['DeadLetters', 'Average'],
    ])
    for (const { dimensions } of metrics) {
      expect(stack.resolve(dimensions)).toEqual({ Table: { Ref: expect.stringMatching(/Table/) } })
    }
  })

  it('carries a tag by which its resources are found', () => {
    const { stack } = scene()
    const tagged = propertiesOf(stack, 'AWS::ECS::Service').map(({ Tags }) => Tags)
    expect(tagged).toEqual([
      expect.arrayContaining([{ Key: 'fermata:orchestrator', Value: 'Test/Fermata' }]),
    ])
  })
})

describe('a Kafka cluster', () => {
  it('has its password in no template', () => {
    const { stack } = scene()
    const secret = Secret.fromSecretCompleteArn(
      stack,
      'Secret',
      'arn:aws:secretsmanager:eu-west-1:123456789012:secret:kafka-AbCdEf',
    )
    const other = scene({
      kafka: { 'main-eu': KafkaCluster.sasl({ brokers: ['b:9096'], secret }) },
    })
    const names = containerOf(other.stack).Secrets?.map(({ Name }) => Name)
    expect(names).toEqual([
      'FERMATA_KAFKA_MAIN_EU_SASL_USERNAME',
      'FERMATA_KAFKA_MAIN_EU_SASL_PASSWORD',
    ])
    const given = Object.fromEntries((names ?? []).map((name) => [name, 'from the secret']))
    expect(loadConfig({ ...environmentOf(other.stack), ...given }).kafka['main-eu']).toMatchObject({
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'from the secret' },
    })
  })

  it('without encryption is warned of, the more so with a password', () => {
    const other = new Stack()
    const secret = Secret.fromSecretNameV2(other, 'Secret', 'kafka')
    const brokers = ['b:9092']
    const warned = (main: KafkaCluster) => warningsOf(scene({ kafka: { main } }).stack)
    expect(warned(KafkaCluster.brokers(brokers))).toEqual(['plainKafka'])
    expect(warned(KafkaCluster.brokers(brokers, { tls: true }))).toEqual([])
    expect(warned(KafkaCluster.sasl({ brokers, secret }))).toEqual([])
    expect(warned(KafkaCluster.sasl({ brokers, secret, tls: false }))).toEqual(['plainPassword'])
  })

  it('of MSK knows the task by its role, which may consume what is subscribed to', () => {
    const clusterArn = 'arn:aws:kafka:eu-west-1:123456789012:cluster/main/abc-1'
    const stack = newStack()
    const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 })
    const { connections } = new SecurityGroup(stack, 'Msk', { vpc })
    const main = KafkaCluster.msk({ clusterArn, connections }, MskAuth.iam())
    const other = scene({ vpc, kafka: { main } }, { stack })
    other.fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
    expect(letsIn(stack, 'FermataServiceSecurityGroup')).toEqual([[9098, 'Msk']])
    const environment = environmentOf(other.stack)
    expect(environment['FERMATA_KAFKA_MAIN_BROKERS']).toBe('unknown')
    const found = { FERMATA_KAFKA_MAIN_BROKERS: 'b-1:9098,b-2:9098' }
    expect(loadConfig({ ...environment, ...found }).kafka['main']).toMatchObject({
      brokers: ['b-1:9098', 'b-2:9098'],
      ssl: true,
      sasl: { mechanism: 'aws-msk-iam' },
    })
    const statements = propertiesOf(other.stack, 'AWS::IAM::Policy').flatMap(
      ({ PolicyDocument }) => (PolicyDocument as { Statement: object[] }).Statement,
    )
    const prefix = 'arn:aws:kafka:eu-west-1:123456789012'
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: ['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'],
      Resource: `${prefix}:topic/main/abc-1/orders`,
    })
    checks(stack).hasResourceProperties('Custom::FermataSubscription', { ByRole: 'true' })
    expect(statements).toContainEqual({
      Effect: 'Allow',
      Action: ['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'],
      Resource: `${prefix}:group/main/abc-1/fermata.orders`,
    })
  })
})

describe('registering and subscribing', () => {
  it('is done by custom resources, the subscription after the function that serves it', () => {
    const { stack, fermata } = scene()
    fermata.register(functionIn(stack))
    fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy', running: 5 })
    const template = checks(stack)
    const [registration] = Object.keys(
      Template.fromStack(stack).findResources('Custom::FermataDeployment'),
    )
    template.hasResourceProperties('Custom::FermataDeployment', {
      Services: ['shop'],
      OnRemoval: 'drain',
      Arn: { Ref: Match.stringLikeRegexp('CurrentVersion') },
    })
    template.hasResource('Custom::FermataSubscription', {
      DependsOn: Match.arrayWith([registration]),
      Properties: Match.objectLike({
        Name: 'orders',
        Sink: 'shop/buy',
        Running: 5,
        ByRole: Match.absent(),
      }),
    })
  })

  it('is never done after CloudFormation has given up, however long Lambda has no room', () => {
    const { stack, fermata } = scene()
    fermata.register(functionIn(stack))
    const only = (type: string) => {
      const [properties = {}] = propertiesOf(stack, type)
      return properties
    }
    const oldest = Number(only('AWS::Lambda::EventInvokeConfig')['MaximumEventAgeInSeconds'])
    const [longest] = propertiesOf(stack, 'AWS::Lambda::Function')
      .filter(({ Description }) => String(Description).startsWith('Registers'))
      .map(({ Timeout }) => Number(Timeout))
    const patience = Number(only('Custom::FermataDeployment')['ServiceTimeout'])
    expect(oldest + (longest ?? Number.NaN)).toBeLessThan(patience)
    // The most that CloudFormation waits.
    expect(patience).toBeLessThanOrEqual(3_600)
  })

  it('keeps versions that are replaced', () => {
    const { stack, fermata } = scene()
    fermata.register(functionIn(stack))
    checks(stack).hasResource('AWS::Lambda::Version', { DeletionPolicy: 'Retain' })
  })

  it('works for functions of another stack', () => {
    const { app, fermata } = scene()
    const functions = new Stack(app, 'Functions', {
      env: { account: '123456789012', region: 'eu-west-1' },
    })
    fermata.register(functionIn(functions))
    fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
    const template = checks(functions)
    template.resourceCountIs('Custom::FermataDeployment', 1)
    template.resourceCountIs('Custom::FermataSubscription', 1)
  })

  it('finds out by itself what a function serves', () => {
    const { stack } = scene()
    const bundling = { esbuildArgs: { '--conditions': 'source' } }
    const { services } = functionIn(stack, 'Inventory', { services: undefined, bundling })
    expect(services).toEqual([inventory.name])
  })

  it('says what is wrong with a source, and with a sink that nothing serves', () => {
    const { stack, fermata } = scene()
    const sink = 'shop/buy'
    expect(() => fermata.subscribe('a', { source: 'orders', sink })).toThrow(/expected kafka:/)
    expect(() => fermata.subscribe('a', { source: 'kafka://mian/orders', sink })).toThrow(
      /no Kafka cluster "mian" \(it has main\)/,
    )
    fermata.subscribe('a', { source: 'kafka://main/orders', sink })
    expect(warningsOf(stack)).toContain('unknownSink')
  })

  it('takes only sinks that the definition has', () => {
    const { stack, fermata } = scene()
    fermata.subscribe<typeof inventory>('a', {
      source: 'kafka://main/orders',
      sink: 'inventory/reserve',
    })
    fermata.subscribe<typeof inventory>('b', {
      source: 'kafka://main/orders',
      // @ts-expect-error: there is no such handler
      sink: 'inventory/reserv',
    })
    checks(stack).resourceCountIs('Custom::FermataSubscription', 2)
  })
})
