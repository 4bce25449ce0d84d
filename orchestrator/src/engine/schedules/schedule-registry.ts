import * as v from 'valibot'
import {
  type ScheduleDocument,
  scheduleDocumentSchema,
} from '../../domain/schedules/schedule-document.ts'
import type { Logger, RegistryStore } from '../../ports/index.ts'

export type StoredSchedule = {
  readonly name: string
  readonly rev: number
  readonly document: ScheduleDocument
}

/** Schedules in the registry. Writes are conditional on what was read; `false`: somebody was faster. */
export interface ScheduleRegistry {
  read(name: string): Promise<StoredSchedule | undefined>
  all(): Promise<readonly StoredSchedule[]>
  write(
    name: string,
    document: ScheduleDocument,
    before: StoredSchedule | undefined,
  ): Promise<boolean>
  remove(before: StoredSchedule): Promise<boolean>
}

const collection = 'schedules'
const pageSize = 100

export function createScheduleRegistry(registry: RegistryStore, logger: Logger): ScheduleRegistry {
  return {
    async read(name) {
      const found = await registry.get(collection, name)
      if (found === undefined) return undefined
      const document = v.parse(scheduleDocumentSchema, found.body)
      return { name, rev: found.rev, document }
    },
    async all() {
      const found: StoredSchedule[] = []
      for (let after = ''; ; ) {
        const page = await registry.list(collection, after, pageSize)
        for (const { name, rev, body } of page) {
          const parsed = v.safeParse(scheduleDocumentSchema, body)
          if (parsed.success) found.push({ name, rev, document: parsed.output })
          else logger.warn({ schedule: name }, 'A schedule in the registry cannot be read')
        }
        const last = page.at(-1)
        if (last === undefined || page.length < pageSize) return found
        after = last.name
      }
    },
    write: (name, document, before) => registry.put(collection, name, document, before?.rev),
    remove: ({ name, rev }) => registry.remove(collection, name, rev),
  }
}
