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

/**
 * Makes the schedules what the newest deployment of each service says. Idempotent, done after each registration and every
 * now and then: what a replica left undone, another one does. What a later deployment said is not undone by a replica that
 * has not heard of it.
 */
export async function reconcile(deps: ScheduleDeps): Promise<void> {
  await deps.directory.refresh()
  const newest = newestByService(deps.directory.all())
  const stated = new Set<string>()
  for (const [service, deployment] of newest) {
    const managed = { deployment: deployment.id, since: deployment.createdAt }
    for (const [name, spec] of manifestSchedules(deployment.manifest)) {
      if (spec.target.service !== service) continue
      stated.add(name)
      await attempt(deps, name, (before) => stateOf(deps, before, spec, managed))
    }
  }
  for (const { name, document } of await deps.registry.all()) {
    const { managed, removed, spec } = document
    if (managed === undefined || removed || stated.has(name)) continue
    const by = newest.get(spec.target.service)
    const now = by === undefined ? managed : { deployment: by.id, since: by.createdAt }
    await attempt(deps, name, (before = document) => gone(before, now))
  }
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
    if (deployment.going !== undefined) continue
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
  if (before?.managed !== undefined) {
    if (before.managed.since > managed.since) return before
    const isSame = isDeepStrictEqual(before.spec, spec) && !before.removed
    if (isSame && before.managed.deployment === managed.deployment) return before
  }
  return defineSchedule(before, { spec, managed }, nextTickFor(calendar, spec.timing), clock.now())
}

function gone(before: ScheduleDocument, managed: Managed): ScheduleDocument {
  if (before.removed || before.managed === undefined) return before
  return before.managed.since > managed.since ? before : removeSchedule(before, managed)
}
