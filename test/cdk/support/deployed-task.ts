import { callJson } from './aws.ts'

/** Of a task definition, what a container engine would go by. */
export type DeployedTask = {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Without the `CMD` before it. */
  readonly healthCommand: readonly string[]
  readonly stopTimeoutMs: number
  readonly readonlyRootFilesystem: boolean
}

type Container = {
  readonly command: readonly string[]
  readonly environment: readonly { readonly name: string; readonly value: string }[]
  readonly healthCheck: { readonly command: readonly string[] }
  readonly stopTimeout: number
  readonly readonlyRootFilesystem: boolean
}

/** The task definition of the service whose name contains `service`; none before there is one. */
export async function findTask(
  endpoint: string,
  service: string,
): Promise<DeployedTask | undefined> {
  const definition = await findDefinition(endpoint, service)
  if (definition === undefined) return undefined
  const answer = await ecs(endpoint, 'DescribeTaskDefinition', { taskDefinition: definition })
  const { containerDefinitions } = camelCased(answer['taskDefinition']) as {
    containerDefinitions: Container[]
  }
  const [container] = containerDefinitions
  if (container === undefined) throw new Error('The task has no container')
  const [kind, ...healthCommand] = container.healthCheck.command
  if (kind !== 'CMD') throw new Error(`The health check is a ${kind}`)
  return {
    command: container.command,
    environment: Object.fromEntries(container.environment.map(({ name, value }) => [name, value])),
    healthCommand,
    stopTimeoutMs: container.stopTimeout * 1_000,
    readonlyRootFilesystem: container.readonlyRootFilesystem,
  }
}

async function findDefinition(endpoint: string, service: string): Promise<string | undefined> {
  const { clusterArns = [] } = (await ecs(endpoint, 'ListClusters', {})) as {
    clusterArns?: string[]
  }
  for (const cluster of clusterArns) {
    const { serviceArns = [] } = (await ecs(endpoint, 'ListServices', { cluster })) as {
      serviceArns?: string[]
    }
    const services = serviceArns.filter((arn) => arn.includes(service))
    if (services.length === 0) continue
    const found = await ecs(endpoint, 'DescribeServices', { cluster, services })
    return (found['services'] as { taskDefinition: string }[])[0]?.taskDefinition
  }
  return undefined
}

const ecs = (endpoint: string, action: string, input: object) =>
  callJson(endpoint, {
    service: 'ecs',
    target: `AmazonEC2ContainerServiceV20141113.${action}`,
    input,
  })

/** Of a definition that came by CloudFormation, the emulator gives the inner names back as they stand in the template. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      camelCased(inner),
    ]),
  )
}
