import type { Manifest } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import { FermataError } from '../../domain/errors.ts'
import { incompatibilities, type Served } from '../../domain/services/compatibility.ts'
import type { Clock, Invoker, Logger, RegisterOptions, RegistryStore } from '../../ports/index.ts'
import {
  type Deployment,
  type DeploymentDocument,
  deploymentDocumentSchema,
  deploymentIdOf,
  functionOf,
} from './deployment-document.ts'
import { listAll } from './registry-list.ts'

export type RegistryDeps = {
  readonly registry: RegistryStore
  readonly invoker: Pick<Invoker, 'discover'>
  readonly clock: Clock
  readonly logger: Logger
}

/** A deployment as it stands in the registry. */
export type Listed = { readonly deployment: Deployment; readonly rev: number }

const collection = 'deployments'

/** All of them, the newest first. */
export async function listDeployments({ registry, logger }: RegistryDeps): Promise<Listed[]> {
  const found: Listed[] = []
  for (const { name, rev, body } of await listAll(registry, collection)) {
    const parsed = v.safeParse(deploymentDocumentSchema, body)
    if (parsed.success) found.push({ deployment: { ...parsed.output, id: name }, rev })
    else
      logger.warn(
        { deployment: name },
        'A deployment in the registry cannot be read; it is ignored',
      )
  }
  return found.toSorted((a, b) => b.deployment.createdAt - a.deployment.createdAt)
}

/** @throws FermataError `deployment-not-found` */
export async function readDeployment({ registry }: RegistryDeps, id: string): Promise<Listed> {
  const document = await registry.get(collection, id)
  if (document === undefined) {
    throw new FermataError('deployment-not-found', `There is no deployment "${id}"`)
  }
  const { rev, body } = document
  return { deployment: { ...v.parse(deploymentDocumentSchema, body), id }, rev }
}

/** Says that it is about to be removed, again and again; `undefined`: not any more. `false`: somebody changed it meanwhile. */
export function markGoing(
  { registry }: RegistryDeps,
  { deployment: { id, going: _going, ...document }, rev }: Listed,
  nonce: string | undefined,
): Promise<boolean> {
  const body = nonce === undefined ? document : { ...document, going: nonce }
  return registry.put(collection, id, body, rev)
}

/** `false`: somebody changed it meanwhile. */
export function dropDeployment(
  { registry }: RegistryDeps,
  { deployment, rev }: Listed,
): Promise<boolean> {
  return registry.remove(collection, deployment.id, rev)
}

/**
 * Discovers what the address serves and puts it into the registry. An address that is there already keeps its place
 * unless it serves something else now, or is to be the newest again; one that was about to be removed stays.
 * @throws FermataError `deployment-incompatible`, unless `force`
 */
export async function register(
  deps: RegistryDeps,
  address: string,
  { force = false, newest = false }: RegisterOptions,
): Promise<Deployment> {
  const id = deploymentIdOf(address)
  const manifest = await deps.invoker.discover(address)
  for (;;) {
    const listed = await listDeployments(deps)
    const existing = listed.find(({ deployment }) => deployment.id === id)
    const isSame = existing !== undefined && sameManifest(existing.deployment, manifest)
    // The newest comes first.
    const stays = isSame && (!newest || listed[0] === existing)
    if (stays && existing.deployment.going === undefined) return existing.deployment
    if (!force && !isSame) checkCompatible({ address, manifest }, listed)
    const createdAt = stays ? existing.deployment.createdAt : afterAll(listed, deps.clock.now())
    const document: DeploymentDocument = { address, createdAt, manifest }
    if (await deps.registry.put(collection, id, document, existing?.rev)) return { ...document, id }
  }
}

/** What is registered later is newer, whatever the clocks of the replicas say. */
function afterAll([newest]: readonly Listed[], now: number): number {
  return newest === undefined ? now : Math.max(now, newest.deployment.createdAt + 1)
}

function sameManifest(deployment: Deployment, manifest: Manifest): boolean {
  return JSON.stringify(deployment.manifest) === JSON.stringify(manifest)
}

function checkCompatible(
  { address, manifest }: Pick<DeploymentDocument, 'address' | 'manifest'>,
  listed: readonly Listed[],
): void {
  const known = listed.map(({ deployment }) => servedBy(deployment))
  const reasons = incompatibilities({ function: functionOf(address), manifest }, known)
  if (reasons.length === 0) return
  throw new FermataError(
    'deployment-incompatible',
    `${address} does not fit what is served now: ${reasons.join('; ')}. With "force" it is registered all the same`,
  )
}

function servedBy({ id, address, manifest }: Deployment): Served {
  return { id, function: functionOf(address), manifest }
}
