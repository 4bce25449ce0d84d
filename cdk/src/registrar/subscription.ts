import { type AdminClient, AdminError, isUnreachable, type Subscription } from './admin-client.ts'
import type { CustomResourceEvent, Done } from './custom-resource.ts'
import { failedPrefix } from './deployment.ts'
import type { Wait } from './wait.ts'

export type SubscriptionDeps = {
  readonly admin: AdminClient
  readonly wait: Wait
  readonly log: (message: string) => void
}

const readyMs = 8 * 60_000
const subscribeMs = 2 * 60_000
const runningMs = 2 * 60_000
/** For a policy to spread: until then a topic that a role may not see is one that there is not. */
const visibleMs = 2 * 60_000

/**
 * A subscription. Its id is its name: under another name it is another one. The orchestrator knows which resource looks
 * after it, so that another one of the same name neither changes it nor, when it goes, takes it away.
 */
export async function handleSubscription(
  event: CustomResourceEvent,
  deps: SubscriptionDeps,
): Promise<Done> {
  const owner = `${event.StackId}/${event.LogicalResourceId}`
  const wanted = readProperties(event.ResourceProperties, owner)
  if (event.RequestType !== 'Delete') {
    await subscribe(wanted, owner, deps, event.ResourceProperties['ByRole'] === 'true')
    return { physicalId: wanted.name }
  }
  const physicalId = event.PhysicalResourceId ?? wanted.name
  await unsubscribe(physicalId, owner, deps)
  return { physicalId }
}

async function subscribe(
  wanted: Subscription,
  owner: string,
  deps: SubscriptionDeps,
  byRole: boolean,
): Promise<void> {
  const { admin, wait, log } = deps
  await admin.untilReady(readyMs)
  const until = Math.min(wait.now() + visibleMs, wait.deadline)
  for (;;) {
    try {
      await subscribeOnce(wanted, owner, deps)
      return log(`${wanted.name} consumes ${wanted.source} into ${wanted.sink}`)
    } catch (error) {
      const mayAppear = byRole && hasCode(error, 'topic-not-found')
      if (!mayAppear || wait.now() + wait.everyMs >= until) throw error
    }
    await wait.sleep(wait.everyMs)
  }
}

async function subscribeOnce(
  wanted: Subscription,
  owner: string,
  deps: SubscriptionDeps,
): Promise<void> {
  const { admin } = deps
  try {
    await admin.subscribe(wanted, subscribeMs)
  } catch (error) {
    if (!hasCode(error, 'subscription-exists')) throw error
    const existing = await admin.subscription(wanted.name)
    if (existing !== undefined && existing.options?.owner !== owner)
      throw new Error(taken(existing))
    // Its group keeps its offsets: made anew, it goes on where it was.
    await admin.unsubscribe(wanted.name)
    await admin.subscribe(wanted, subscribeMs)
  }
  await untilRunning(wanted.name, deps)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof AdminError && error.code === code
}

function taken({ name, options }: Subscription): string {
  const by = options?.owner === undefined ? 'was made by hand' : `belongs to ${options.owner}`
  return `There is a subscription "${name}" already, and it ${by}: remove it there first, or take another name`
}

async function untilRunning(name: string, { admin, wait }: SubscriptionDeps): Promise<void> {
  const until = Math.min(wait.now() + runningMs, wait.deadline)
  for (;;) {
    const status = (await admin.subscription(name))?.status
    if (status?.kind === 'running') return
    if (status?.kind === 'stopped') {
      const { code = 'stopped', message = 'it has stopped' } = status.failure ?? {}
      throw new AdminError(code, 0, `The subscription "${name}" cannot run: ${message}`)
    }
    if (wait.now() + wait.everyMs >= until) {
      throw new Error(`The subscription "${name}" did not begin to consume in time`)
    }
    await wait.sleep(wait.everyMs)
  }
}

async function unsubscribe(
  physicalId: string,
  owner: string,
  deps: SubscriptionDeps,
): Promise<void> {
  const mayBeAway = physicalId.startsWith(failedPrefix)
  const name = physicalId.replace(failedPrefix, '')
  try {
    const existing = await deps.admin.subscription(name)
    if (existing === undefined) return
    if (existing.options?.owner === owner) return await deps.admin.unsubscribe(name)
    deps.log(`${name} is not this resource's: it stays`)
  } catch (error) {
    if (!mayBeAway || !isUnreachable(error)) throw error
    deps.log('The orchestrator never answered, so nothing was subscribed')
  }
}

/** CloudFormation makes texts of everything. */
function readProperties(
  properties: Readonly<Record<string, unknown>>,
  owner: string,
): Subscription {
  const startFrom = properties['StartFrom']
  const running = properties['Running']
  return {
    name: String(properties['Name']),
    source: String(properties['Source']),
    sink: String(properties['Sink']),
    options: {
      ...(startFrom === undefined ? {} : { startFrom: String(startFrom) }),
      ...(running === undefined ? {} : { limits: { running: Number(running) } }),
      owner,
    },
  }
}
