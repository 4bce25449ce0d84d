import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Random, SubscriptionView } from '../../ports/index.ts'
import type { Deployment } from './deployment-document.ts'
import {
  dropDeployment,
  type Listed,
  markGoing,
  type RegistryDeps,
  readDeployment,
} from './deployment-registry.ts'
import { type Directory, trustMs } from './directory.ts'
import { type WalkDeps, walkAgenda } from './open-invocations.ts'
import { type Named, type NamedDeps, namedBy, readNamed } from './queued-invocations.ts'

export type RemovalDeps = RegistryDeps &
  WalkDeps &
  NamedDeps & {
    readonly random: Pick<Random, 'nonce'>
    readonly directory: Directory
    readonly subscriptions: () => Promise<readonly SubscriptionView[]>
  }

/** What a start may need, on top of what a replica relies on, from its look at the directory to its place on the agenda. */
const startMs = 2_000
/** Well within the time after which others take a mark for forgotten. */
const renewMs = 10_000
/** An error names so many users at most. */
const shown = 10
const sideBySide = 16

/**
 * Removes a deployment that nothing open needs. First it is marked, so that nothing new starts on it; when all replicas
 * must have heard of that, a look at everything open is exact. Whoever changes the deployment meanwhile wins.
 * @throws FermataError `deployment-not-found` | `deployment-in-use`
 */
export async function removeDeployment(
  deps: RemovalDeps,
  id: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  const listed = await readDeployment(deps, id)
  if (!force) return removeUnused(deps, listed)
  if (!(await dropDeployment(deps, listed))) throw changedMeanwhile(id)
  await deps.directory.refresh()
}

async function removeUnused(deps: RemovalDeps, listed: Listed): Promise<void> {
  const { clock, directory } = deps
  // What is in use for everybody to see is refused before anything stops for it.
  await refuseIfUsed(deps, listed.deployment, async () => undefined)
  const mark = createMark(deps, listed)
  await mark.renew()
  try {
    await directory.refresh()
    await clock.sleep(trustMs + startMs)
    await refuseIfUsed(deps, listed.deployment, () => mark.renewIfOld())
  } catch (error) {
    // If this fails, too, the mark fades by itself.
    await mark.takeBack().catch(() => undefined)
    await directory.refresh().catch(() => undefined)
    throw error
  }
  if (!(await dropDeployment(deps, mark.listed))) throw changedMeanwhile(listed.deployment.id)
  await directory.refresh()
}

/** The mark that the deployment is about to be removed; it lasts for as long as it is renewed. */
function createMark(deps: RemovalDeps, before: Listed) {
  const { clock, random } = deps
  const nonce = random.nonce()
  let listed = before
  let renewedAt = clock.monotonic()
  const renew = async () => {
    const at = clock.monotonic()
    if (!(await markGoing(deps, listed, nonce))) throw changedMeanwhile(listed.deployment.id)
    listed = { deployment: { ...listed.deployment, going: nonce }, rev: listed.rev + 1 }
    renewedAt = at
  }
  return {
    renew,
    async renewIfOld() {
      if (clock.monotonic() - renewedAt > renewMs) await renew()
    },
    /** Somebody else's change stays as it is. */
    async takeBack() {
      await markGoing(deps, listed, undefined)
    },
    get listed() {
      return listed
    },
  }
}

/** @throws FermataError `deployment-in-use` */
async function refuseIfUsed(
  deps: RemovalDeps,
  deployment: Deployment,
  goOn: () => Promise<void>,
): Promise<void> {
  await deps.directory.refresh()
  const sinks = await sinksOf(deps, deployment)
  const users = await usersOf(deps, deployment, goOn)
  if (sinks.length === 0 && users.length === 0) return
  const reasons = [
    ...(users.length === 0 ? [] : [`open invocations are on it: ${list(users)}`]),
    ...(sinks.length === 0 ? [] : [`no other one serves the sinks of ${list(sinks)}`]),
  ]
  throw new FermataError(
    'deployment-in-use',
    `Deployment ${deployment.id} cannot be removed: ${reasons.join('; ')}. With "force" it is removed all the same`,
  )
}

function list(names: readonly string[]): string {
  return `${names.slice(0, shown).join(', ')}${names.length > shown ? ', …' : ''}`
}

/** Subscriptions whose records would have no handler. */
async function sinksOf(deps: RemovalDeps, deployment: Deployment): Promise<string[]> {
  const subscriptions = await deps.subscriptions()
  return subscriptions
    .filter(({ sink }) => {
      const [service = '', handler = ''] = sink.split('/')
      return isServedOnlyBy(deps, deployment, { service, handler })
    })
    .map(({ name }) => `the subscription "${name}"`)
}

/** Open invocations that the deployment is needed for: some of them, if there are many. */
async function usersOf(
  deps: RemovalDeps,
  deployment: Deployment,
  goOn: () => Promise<void>,
): Promise<InvocationId[]> {
  const met = new Set<InvocationId>()
  const users: InvocationId[] = []
  let batch: Named[] = []
  const look = async () => {
    const states = await Promise.all(batch.map((named) => readNamed(deps, named)))
    const needy = batch.filter((_named, index) => needs(deps, deployment, states[index]))
    users.push(...needy.map(({ id }) => id))
    batch = []
    await goOn()
  }
  for await (const { subject } of walkAgenda(deps, {})) {
    for (const named of await namedBy(deps, subject)) {
      if (met.has(named.id)) continue
      met.add(named.id)
      batch.push(named)
      if (batch.length >= sideBySide) await look()
    }
    if (users.length > shown) return users
  }
  await look()
  return users
}

/** It runs there, or has not begun and could begin nowhere else. */
function needs(
  deps: RemovalDeps,
  deployment: Deployment,
  state: InvocationState | undefined,
): boolean {
  if (state === undefined || state.phase.kind === 'closed') return false
  if (state.deployment !== undefined) return state.deployment === deployment.id
  return isServedOnlyBy(deps, deployment, state.created.target)
}

function isServedOnlyBy(
  { directory }: RemovalDeps,
  { id }: Deployment,
  target: { readonly service: string; readonly handler: string },
): boolean {
  const servers = directory.serversOf(target)
  const others = servers.filter((one) => one.id !== id && one.going === undefined)
  return servers.some((one) => one.id === id) && others.length === 0
}

function changedMeanwhile(id: string): FermataError {
  const message = `Deployment ${id} was registered anew, or somebody else is removing it: look, and try again`
  return new FermataError('deployment-in-use', message)
}
