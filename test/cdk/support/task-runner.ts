import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { processEnvironment } from '../../support/real-parts/environment.ts'
import { awsEnvironment, callJson } from './aws.ts'

type Container = {
  readonly command: readonly string[]
  readonly environment: readonly { readonly name: string; readonly value: string }[]
}

export type RunningTask = {
  readonly environment: Readonly<Record<string, string>>
  /** What it has written. */
  readonly output: () => string
  /** Runs the container's check: `['CMD', 'node', …]`. */
  isHealthy(command: readonly string[]): Promise<boolean>
  /** Without a word. */
  kill(): Promise<void>
}

const ecs = (endpoint: string, action: string, input: object) =>
  callJson(endpoint, {
    service: 'ecs',
    target: `AmazonEC2ContainerServiceV20141113.${action}`,
    input,
  })

/**
 * What ECS does where there is a container engine: waits for a service, and starts the command of its task definition, in
 * the file tree of the image, with the environment that the definition gives and that of a role.
 */
export async function runTask(
  endpoint: string,
  tree: { readonly workingDirectory: string },
  signal: AbortSignal,
): Promise<RunningTask> {
  const taskDefinition = await findTaskDefinition(endpoint, signal)
  const answer = await ecs(endpoint, 'DescribeTaskDefinition', { taskDefinition })
  const { containerDefinitions } = answer['taskDefinition'] as { containerDefinitions: Container[] }
  const [container] = containerDefinitions
  if (container === undefined) throw new Error('The task has no container')
  const environment = Object.fromEntries(
    container.environment.map(({ name, value }) => [name, value]),
  )
  const options = {
    cwd: tree.workingDirectory,
    env: { PATH: processEnvironment.PATH, ...awsEnvironment(endpoint), ...environment },
  }
  const [program = '', ...args] = container.command
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = collect(child)
  return {
    environment,
    output,
    async isHealthy([, check = '', ...rest]) {
      const [code] = await once(spawn(check, rest, { ...options, stdio: 'ignore' }), 'exit')
      return code === 0
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function findTaskDefinition(endpoint: string, signal: AbortSignal): Promise<string> {
  for (;;) {
    signal.throwIfAborted()
    const { clusterArns = [] } = (await ecs(endpoint, 'ListClusters', {})) as {
      clusterArns?: string[]
    }
    for (const cluster of clusterArns) {
      const { serviceArns = [] } = (await ecs(endpoint, 'ListServices', { cluster })) as {
        serviceArns?: string[]
      }
      if (serviceArns.length === 0) continue
      const found = await ecs(endpoint, 'DescribeServices', { cluster, services: serviceArns })
      const [service] = found['services'] as { taskDefinition: string }[]
      if (service !== undefined) return service.taskDefinition
    }
    await sleep(100)
  }
}

function collect(child: ChildProcess): () => string {
  let text = ''
  const keep = (chunk: unknown) => {
    text = (text + String(chunk)).slice(-20_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => text
}
