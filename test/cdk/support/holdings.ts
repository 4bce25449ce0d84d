import { callJson, send } from './aws.ts'

/** The names of everything that an account holds, by kind. */
export type Holdings = Readonly<Record<string, readonly string[]>>

type List = (endpoint: string) => Promise<readonly string[]>

/** Of an API that speaks JSON: the names are in `field` of the answer, plain or as `name` of each. */
const json =
  (service: string, target: string, field: string, name = ''): List =>
  async (endpoint) => {
    const answer = await callJson(endpoint, { service, target, input: {} })
    const found = (answer[field] ?? []) as (string | Readonly<Record<string, unknown>>)[]
    return found.map((one) => String(typeof one === 'string' ? one : one[name]))
  }

/** Of an API that answers in XML: the names are the texts of an element. */
const xml =
  (service: string, version: string, action: string, element: string): List =>
  async (endpoint) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams({ Action: action, Version: version }).toString()
    return textsOf(
      await send(endpoint, { service, method: 'POST', path: '/', headers, body }),
      element,
    )
  }

const rest =
  (service: string, path: string, namesIn: (answer: string) => readonly string[]): List =>
  async (endpoint) =>
    namesIn(await send(endpoint, { service, method: 'GET', path }))

function textsOf(answer: string, element: string): string[] {
  return [...answer.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(
    ([, text = '']) => text,
  )
}

const ec2 = (action: string, element: string) => xml('ec2', '2016-11-15', action, element)
const ecs = (action: string, field: string) =>
  json('ecs', `AmazonEC2ContainerServiceV20141113.${action}`, field)
const discovery = (action: string, field: string) =>
  json('servicediscovery', `Route53AutoNaming_v20170314.${action}`, field, 'Id')
const pages = 'MaxItems=1000'

const lists: Readonly<Record<string, List>> = {
  stacks: xml('cloudformation', '2010-05-15', 'DescribeStacks', 'StackName'),
  functions: rest('lambda', `/2015-03-31/functions/?FunctionVersion=ALL&${pages}`, (answer) =>
    JSON.parse(answer).Functions.map((one: { FunctionArn: string }) => one.FunctionArn),
  ),
  eventSources: rest('lambda', `/2015-03-31/event-source-mappings/?${pages}`, (answer) =>
    JSON.parse(answer).EventSourceMappings.map((one: { UUID: string }) => one.UUID),
  ),
  tables: json('dynamodb', 'DynamoDB_20120810.ListTables', 'TableNames'),
  buckets: rest('s3', '/', (answer) => textsOf(answer, 'Name')),
  logGroups: json('logs', 'Logs_20140328.DescribeLogGroups', 'logGroups', 'logGroupName'),
  roles: xml('iam', '2010-05-08', 'ListRoles', 'RoleName'),
  policies: xml('iam', '2010-05-08', 'ListPolicies', 'PolicyName'),
  clusters: ecs('ListClusters', 'clusterArns'),
  services: async (endpoint) => {
    const clusters = await ecs('ListClusters', 'clusterArns')(endpoint)
    const found = clusters.map((cluster) =>
      callJson(endpoint, {
        service: 'ecs',
        target: 'AmazonEC2ContainerServiceV20141113.ListServices',
        input: { cluster },
      }),
    )
    return (await Promise.all(found)).flatMap(({ serviceArns }) => serviceArns as string[])
  },
  taskDefinitions: ecs('ListTaskDefinitions', 'taskDefinitionArns'),
  namespaces: discovery('ListNamespaces', 'Namespaces'),
  privateNames: discovery('ListServices', 'Services'),
  hostedZones: rest('route53', '/2013-04-01/hostedzone', (answer) => textsOf(answer, 'Id')),
  vpcs: ec2('DescribeVpcs', 'vpcId'),
  subnets: ec2('DescribeSubnets', 'subnetId'),
  routeTables: ec2('DescribeRouteTables', 'routeTableId'),
  securityGroups: ec2('DescribeSecurityGroups', 'groupId'),
  endpoints: ec2('DescribeVpcEndpoints', 'vpcEndpointId'),
  interfaces: ec2('DescribeNetworkInterfaces', 'networkInterfaceId'),
  alarms: xml('monitoring', '2010-08-01', 'DescribeAlarms', 'AlarmName'),
  dashboards: xml('monitoring', '2010-08-01', 'ListDashboards', 'DashboardName'),
  secrets: json('secretsmanager', 'secretsmanager.ListSecrets', 'SecretList', 'ARN'),
  parameters: json('ssm', 'AmazonSSM.DescribeParameters', 'Parameters', 'Name'),
  keys: json('kms', 'TrentService.ListKeys', 'Keys', 'KeyId'),
  repositories: json(
    'ecr',
    'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories',
    'repositories',
    'repositoryName',
  ),
  rules: json('events', 'AWSEvents.ListRules', 'Rules', 'Name'),
}

/** Asks the emulator what there is. */
export async function listHoldings(endpoint: string): Promise<Holdings> {
  const asked = Object.entries(lists).map(async ([kind, list]) => {
    const names = await list(endpoint)
    return [kind, [...new Set(names)].toSorted()] as const
  })
  return Object.fromEntries(await Promise.all(asked))
}

/** What of `now` was not there `before`; kinds without any are left out. */
export function added(before: Holdings, now: Holdings): Holdings {
  const kinds = Object.entries(now)
    .map(([kind, names]) => [kind, names.filter((name) => !before[kind]?.includes(name))] as const)
    .filter(([, names]) => names.length > 0)
  return Object.fromEntries(kinds)
}
