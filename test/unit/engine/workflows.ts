import { type InvocationId, type PromiseRef, workflowRunId } from '@fermata/lambda-runtime/protocol'
import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import { createWorld, type Script, scripted, type World } from './world.ts'

const address = 'arn:aws:lambda:eu-west-1:000000000000:function:f:1'

/** A world whose services are there, and of which those named are workflows: with promises, in these tests. */
export function worldWithWorkflows(
  services: Readonly<Record<string, Script>>,
  workflows: readonly string[],
): World {
  const world = createWorld()
  const code = scripted(services)
  const withWorkflows: FunctionCode = async (event, ...rest) => {
    const answer = await code(event, ...rest)
    return isManifest(answer) ? withKinds(answer, workflows) : answer
  }
  world.functions.set(address, withWorkflows)
  return world
}

type Served = { readonly name: string; readonly handlers: readonly object[] }
type ManifestLike = { readonly kind: 'manifest'; readonly services: readonly Served[] }

function isManifest(answer: unknown): answer is ManifestLike {
  return typeof answer === 'object' && answer !== null && 'services' in answer
}

function withKinds(manifest: ManifestLike, workflows: readonly string[]): object {
  const services = manifest.services.map((service) => {
    if (!workflows.includes(service.name)) return service
    return { ...service, kind: 'workflow', handlers: [{ name: 'run', mode: 'workflow' }] }
  })
  return { ...manifest, services }
}

export function promiseOf(name: string): PromiseRef {
  return { workflow: 'signup', key: 'ada', name }
}

export function runOf(key: string): InvocationId {
  const id = workflowRunId({ service: 'signup', key, handler: 'run' })
  if (id === undefined) throw new Error('it is a run')
  return id
}
