import { isDeepStrictEqual } from 'node:util'
import { manifestSchedules } from '../../domain/schedules/manifest-schedules.ts'
import { defineSchedule, removeSchedule } from '../../domain/schedules/schedule.ts'
import type {
  Managed,
  ScheduleDocument,
  ScheduleSpec,
} from '../../domain/schedules/schedule-document.ts'
import type { Deployment } from '../services/deployment-document.ts'
import { change } from './change.ts'
import { nextTickFor, type ScheduleDeps } from './schedule-deps.ts'

/** What the code says, as far as is known. */
type Stated = {
  readonly deployments: ReadonlySet<string>
  /** The deployments that schedules came from, as it stood before the deployments were read. */
  readonly before: ReadonlyMap<string, string | undefined>
}

/**
 * Makes the schedules what the newest deployment of each service says. Idempotent, done after each registration and every
 * now and then: what a replica left undone, another one does.
 */
export async function reconcile(deps: ScheduleDeps): Promise<void> {
  const stored = await deps.registry.all()
  await deps.directory.refresh()
  const deployments = deps.directory.all().filter(({ going }) => going === undefined)
  const stated: Stated = {
    deployments: new Set(deployments.map(({ id }) => id)),
    before: new Map(stored.map(({ name, document }) => [name, document.managed?.deployment])),
  }
  const newest = newestByService(deployments)
  const names = await setAll(deps, newest, stated)
  const left = stored.filter(({ name, document }) => isManaged(document) && !names.has(name))
  for (const { name, document } of left) {
    const by = newest.get(document.spec.target.service)
    await attempt(deps, name, (before = document) => {
      const managed = by === undefined ? before.managed : managedBy(by)
      if (managed === undefined || isLater(name, before, managed, stated)) return before
      return removeSchedule(before, managed)
    })
  }
}

/** Answers with the names of all that there are. */
async function setAll(
  deps: ScheduleDeps,
  newest: ReadonlyMap<string, Deployment>,
  stated: Stated,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const [service, deployment] of newest) {
    const managed = managedBy(deployment)
    for (const [name, spec] of manifestSchedules(deployment.manifest)) {
      if (spec.target.service !== service) continue
      names.add(name)
      await attempt(deps, name, (before) =>
        before !== undefined && isLater(name, before, managed, stated)
          ? before
          : stateOf(deps, before, spec, managed),
      )
    }
  }
  return names
}

function isManaged({ managed, removed }: ScheduleDocument): boolean {
  return managed !== undefined && !removed
}

function managedBy({ id, createdAt }: Deployment): Managed {
  return { deployment: id, since: createdAt }
}

/**
 * A deployment that was registered after these were read has the last word. One that is not among them, though the schedule
 * came from it before they were read, is gone.
 */
function isLater(
  name: string,
  { managed: standing }: ScheduleDocument,
  managed: Managed,
  { deployments, before }: Stated,
): boolean {
  if (standing === undefined || standing.since <= managed.since) return false
  return deployments.has(standing.deployment) || before.get(name) !== standing.deployment
}

/** One that fails keeps none of the others from being looked after. */
async function attempt(
  deps: ScheduleDeps,
  name: string,
  how: (before: ScheduleDocument | undefined) => ScheduleDocument,
): Promise<void> {
  try {
    await change(deps, name, how)
  } catch (error) {
    deps.logger.warn({ schedule: name, error }, 'A schedule of the code could not be set')
  }
}

function newestByService(deployments: readonly Deployment[]): ReadonlyMap<string, Deployment> {
  const newest = new Map<string, Deployment>()
  for (const deployment of deployments) {
    for (const { name } of deployment.manifest.services) {
      if (!newest.has(name)) newest.set(name, deployment)
    }
  }
  return newest
}

function stateOf(
  { calendar, clock }: ScheduleDeps,
  before: ScheduleDocument | undefined,
  spec: ScheduleSpec,
  managed: Managed,
): ScheduleDocument {
  const isSame =
    before !== undefined &&
    !before.removed &&
    before.managed?.deployment === managed.deployment &&
    isDeepStrictEqual(before.spec, spec)
  if (isSame) return before
  return defineSchedule(before, { spec, managed }, nextTickFor(calendar, spec.timing), clock.now())
}
