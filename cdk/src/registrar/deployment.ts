import { type AdminClient, AdminError, type Deployment, isUnreachable } from './admin-client.ts'
import type { CustomResourceEvent, Done } from './custom-resource.ts'
import type { Wait } from './wait.ts'

export type DeploymentDeps = {
  readonly admin: AdminClient
  readonly wait: Wait
  /** Deletes a published version of a function that nobody needs any more. */
  readonly deleteVersion: (arn: string) => Promise<void>
  readonly log: (message: string) => void
}

type Properties = {
  /** Of a published version. */
  readonly arn: string
  /** What the function's role was made for. */
  readonly services: readonly string[]
  readonly drainSeconds: number
  readonly onRemoval: 'drain' | 'force'
}

const readyMs = 8 * 60_000
const registerMs = 90_000
const drainEveryMs = 5_000
/** Precedes the id of what could not be made: there may be nothing to undo it with. */
export const failedPrefix = 'failed:'

/**
 * The registration of a version of a function. Its id is the version's ARN, so a new version is a new resource to
 * CloudFormation: the old one is deleted when the whole update has succeeded, or the new one when it was rolled back.
 */
export async function handleDeployment(
  event: CustomResourceEvent,
  deps: DeploymentDeps,
): Promise<Done> {
  const properties = readProperties(event.ResourceProperties)
  if (event.RequestType === 'Create') return register(properties, deps)
  if (event.RequestType === 'Update') return update(event, properties, deps)
  const physicalId = event.PhysicalResourceId ?? properties.arn
  await remove(physicalId, properties, deps)
  return { physicalId }
}

async function update(
  { OldResourceProperties }: CustomResourceEvent,
  properties: Properties,
  deps: DeploymentDeps,
): Promise<Done> {
  await deps.admin.untilReady(readyMs)
  const known = new Set((await deps.admin.deployments()).map(({ address }) => address))
  const done = await register(properties, deps)
  if (OldResourceProperties === undefined) return done
  const { arn: before } = readProperties(OldResourceProperties)
  // Back from a version that was refused: CloudFormation retains it, and no sweep will ever find it.
  if (known.has(properties.arn) && !known.has(before)) await deps.deleteVersion(before)
  return done
}

async function register(
  { arn, services }: Properties,
  { admin, log }: DeploymentDeps,
): Promise<Done> {
  await admin.untilReady(readyMs)
  const deployment = await admin.register(arn, registerMs)
  const missing = deployment.services.filter((service) => !services.includes(service))
  if (missing.length > 0) {
    await admin.removeDeployment(deployment.id).catch((error: unknown) => log(String(error)))
    throw new Error(
      `${arn} serves ${deployment.services.join(', ')}, but its role may use the journals of ${services.join(', ')} only: deploy again, or correct \`services\``,
    )
  }
  log(`${arn} is registered as ${deployment.id}, serving ${deployment.services.join(', ')}`)
  return { physicalId: arn, data: { Id: deployment.id, Services: deployment.services.join(',') } }
}

async function remove(
  physicalId: string,
  properties: Properties,
  deps: DeploymentDeps,
): Promise<void> {
  const arn = physicalId.replace(failedPrefix, '')
  const listed = await listOr(deps, physicalId.startsWith(failedPrefix))
  const own = listed
    .filter(({ address }) => functionOf(address) === functionOf(arn))
    .toSorted((a, b) => b.createdAt - a.createdAt)
  const [newest, ...older] = own
  // Looking at everything that is open takes seconds each time: side by side.
  const swept = older.map((one) => sweep(one, deps))
  if (newest !== undefined && newest.address === arn) {
    await Promise.all([...swept, drain(newest, properties, deps)])
    // What was in use at first look may not be any more; the function and all its versions go.
    for (const one of await deps.admin.deployments()) {
      if (functionOf(one.address) === functionOf(arn)) await drain(one, properties, deps)
    }
    return
  }
  await Promise.all(swept)
  // It was never registered, or is gone already: so is the need for its code.
  const isKnown = own.some(({ address }) => address === arn)
  if (!isKnown && newest !== undefined) await deps.deleteVersion(arn)
}

async function listOr(
  { admin, log }: DeploymentDeps,
  mayBeAway: boolean,
): Promise<readonly Deployment[]> {
  try {
    return await admin.deployments()
  } catch (error) {
    if (!mayBeAway || !isUnreachable(error)) throw error
    log('The orchestrator never answered, so nothing was registered')
    return []
  }
}

/** A version that newer ones have replaced goes when nothing runs on it any more; else the next sweep finds it. */
async function sweep({ id, address }: Deployment, deps: DeploymentDeps): Promise<void> {
  try {
    await deps.admin.removeDeployment(id)
    await deps.deleteVersion(address)
    deps.log(`${address} is not needed any more: removed`)
  } catch (error) {
    if (!isInUse(error)) throw error
    deps.log(`${address} is kept: ${error.message}`)
  }
}

/** The function itself goes: waits until nothing needs this version of it. */
async function drain(
  { id, address }: Deployment,
  { drainSeconds, onRemoval }: Properties,
  { admin, wait, log }: DeploymentDeps,
): Promise<void> {
  const until = Math.min(wait.now() + drainSeconds * 1_000, wait.deadline)
  for (;;) {
    const refusal = await admin.removeDeployment(id).catch((error: unknown) => {
      if (isInUse(error)) return error
      throw error
    })
    if (refusal === undefined) return
    if (wait.now() + drainEveryMs < until) {
      await wait.sleep(drainEveryMs)
    } else if (onRemoval === 'force') {
      log(`${address} is removed though it is in use: ${refusal.message}`)
      return admin.removeDeployment(id, true)
    } else {
      throw new Error(
        `${address} is still in use: ${refusal.message}. Let it finish, or cancel it, and delete the stack again`,
      )
    }
  }
}

function isInUse(error: unknown): error is AdminError {
  return error instanceof AdminError && error.code === 'deployment-in-use'
}

/** The ARN without the version. */
function functionOf(arn: string): string {
  return arn.split(':').slice(0, 7).join(':')
}

/** CloudFormation makes texts of everything. */
function readProperties(properties: Readonly<Record<string, unknown>>): Properties {
  const services = properties['Services']
  return {
    arn: String(properties['Arn']),
    services: Array.isArray(services) ? services.map(String) : [],
    drainSeconds: Number(properties['DrainSeconds'] ?? 0),
    onRemoval: properties['OnRemoval'] === 'force' ? 'force' : 'drain',
  }
}
