import { FermataError } from '../../domain/errors.ts'
import type { ScheduleDocument } from '../../domain/schedules/schedule-document.ts'
import { bringUpToDate, maxTries, store } from './make-ticks.ts'
import type { ScheduleDeps } from './schedule-deps.ts'
import type { StoredSchedule } from './schedule-registry.ts'

/**
 * What is due is done as the schedule was, then it is changed: a tick is not made by two versions of it. `how` may
 * answer with what it was given: then nothing is written.
 */
export async function change(
  deps: ScheduleDeps,
  name: string,
  how: (before: ScheduleDocument | undefined) => ScheduleDocument,
): Promise<Pick<StoredSchedule, 'name' | 'document'>> {
  for (let tries = 0; tries < maxTries; tries++) {
    const before = await bringUpToDate(deps, name)
    const document = how(before?.document)
    if (document === before?.document) return before
    if (await store(deps, before ?? { name }, document, 'watch')) return { name, document }
  }
  throw contention(name)
}

export function contention(name: string): FermataError {
  return new FermataError('schedule-contention', `Schedule "${name}" changed again and again`)
}
