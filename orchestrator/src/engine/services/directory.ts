import { createHash } from 'node:crypto'
import type { ManifestService, RetryPolicyInput, Target } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import { FermataError } from '../../domain/errors.ts'
import { type RetryPolicy, resolveRetry } from '../../domain/retry.ts'
import type { Clock, Invoker, Logger, RegistryStore } from '../../ports/index.ts'
import { type Deployment, deploymentDocumentSchema } from './deployment-document.ts'

export type HandlerPolicy = {
  readonly retry: RetryPolicy
  /** Longest time of one attempt. */
  readonly timeoutMs: number
  readonly retentionMs: number
  readonly private: boolean
}

/** Which deployments there are, and which of them serves what. */
export interface Directory {
  /** The newest deployment that serves the handler, as far as this replica has heard. */
  find(target: Pick<Target, 'service' | 'handler'>): Deployment | undefined
  /** Like `find`, but asks the registry before it gives up. */
  resolve(target: Pick<Target, 'service' | 'handler'>): Promise<Deployment | undefined>
  byId(id: string): Promise<Deployment | undefined>
  policyOf(target: Pick<Target, 'service' | 'handler'>, deployment?: Deployment): HandlerPolicy
  all(): readonly Deployment[]
  /** Discovers what the address serves and makes it known. Idempotent by address. */
  register(address: string): Promise<Deployment>
  remove(id: string): Promise<void>
  refresh(): Promise<void>
}

export type DirectoryDeps = {
  readonly registry: RegistryStore
  readonly invoker: Invoker
  readonly clock: Clock
  readonly logger: Logger
  readonly defaults: HandlerPolicy
}

const collection = 'deployments'
const pageSize = 100

export function createDirectory(deps: DirectoryDeps): Directory {
  let known: readonly Deployment[] = []

  const refresh = async () => {
    known = (await loadAll(deps)).toSorted((a, b) => b.createdAt - a.createdAt)
  }
  const find: Directory['find'] = (target) =>
    known.find((deployment) => handlerOf(deployment, target) !== undefined)

  return {
    find,
    refresh,
    all: () => known,
    async resolve(target) {
      if (find(target) === undefined) await refresh()
      return find(target)
    },
    async byId(id) {
      if (!known.some((deployment) => deployment.id === id)) await refresh()
      return known.find((deployment) => deployment.id === id)
    },
    policyOf: (target, deployment = find(target)) => policyOf(deps.defaults, target, deployment),
    async register(address) {
      const deployment = await register(deps, address)
      await refresh()
      return deployment
    },
    async remove(id) {
      const document = await deps.registry.get(collection, id)
      if (document === undefined) {
        throw new FermataError('deployment-not-found', `There is no deployment "${id}"`)
      }
      await deps.registry.remove(collection, id, document.rev)
      await refresh()
    },
  }
}

/** Deployments are known by their address: registering one twice is registering it once. */
export function deploymentIdOf(address: string): string {
  return `dp_${createHash('sha256').update(address).digest('hex').slice(0, 16)}`
}

/** The function that an address runs on, whatever its version: what Lambda's concurrency is about. */
export function functionOf(address: string): string {
  const parts = address.split(':')
  return address.startsWith('arn:') && parts.length === 8 ? parts.slice(0, 7).join(':') : address
}

async function loadAll({ registry, logger }: DirectoryDeps): Promise<Deployment[]> {
  const found: Deployment[] = []
  for (let after = ''; ; ) {
    const page = await registry.list(collection, after, pageSize)
    for (const { name, body } of page) {
      const parsed = v.safeParse(deploymentDocumentSchema, body)
      if (parsed.success) found.push({ ...parsed.output, id: name })
      else
        logger.warn(
          { deployment: name },
          'A deployment in the registry cannot be read; it is ignored',
        )
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return found
    after = last.name
  }
}

async function register(deps: DirectoryDeps, address: string): Promise<Deployment> {
  const id = deploymentIdOf(address)
  const manifest = await deps.invoker.discover(address)
  const document = { address, createdAt: deps.clock.now(), manifest }
  const existing = await deps.registry.get(collection, id)
  if (existing !== undefined) {
    return { ...v.parse(deploymentDocumentSchema, existing.body), id }
  }
  await deps.registry.put(collection, id, document, undefined)
  return { ...document, id }
}

function handlerOf(
  deployment: Deployment | undefined,
  target: Pick<Target, 'service' | 'handler'>,
): { service: ManifestService; handler: ManifestService['handlers'][number] } | undefined {
  const service = deployment?.manifest.services.find((one) => one.name === target.service)
  const handler = service?.handlers.find((one) => one.name === target.handler)
  return service === undefined || handler === undefined ? undefined : { service, handler }
}

function policyOf(
  defaults: HandlerPolicy,
  target: Pick<Target, 'service' | 'handler'>,
  deployment: Deployment | undefined,
): HandlerPolicy {
  const found = handlerOf(deployment, target)
  if (found === undefined) return defaults
  const { handler, service } = found
  return {
    retry: resolveRetry([stated(handler.retry), stated(service.retry)], defaults.retry),
    timeoutMs: handler.timeoutMs ?? service.timeoutMs ?? defaults.timeoutMs,
    retentionMs: handler.retentionMs ?? service.retentionMs ?? defaults.retentionMs,
    private: handler.private ?? service.private ?? defaults.private,
  }
}

function stated(policy: RetryPolicyInput | undefined): Partial<RetryPolicy> {
  return policy ?? {}
}
