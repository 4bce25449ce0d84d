import { durationToMs } from './duration.ts'
import { UsageError } from './errors.ts'
import type { ScheduleInput } from './protocol/index.ts'
import type { ScheduleOptions } from './types/options.ts'

const catchUps = ['latest', 'all', 'none'] as const

/** A schedule as the manifest tells it. The orchestrator reads the cron expression itself. @throws UsageError */
export function resolveSchedule(options: ScheduleOptions): ScheduleInput {
  const { cron, every, timezone, catchUp } = options
  if (catchUp !== undefined && !catchUps.includes(catchUp)) {
    throw wrong(`schedule.catchUp must be one of ${catchUps.join(', ')}`)
  }
  if ((cron === undefined) === (every === undefined)) {
    throw wrong('a schedule has either cron or every')
  }
  return {
    ...(cron !== undefined && { cron: checkCron(cron) }),
    ...(timezone !== undefined && { timezone: checkZone(timezone) }),
    ...(every !== undefined && { everyMs: checkEvery(durationToMs(every)) }),
    ...(catchUp !== undefined && { catchUp }),
  }
}

function checkCron(cron: string): string {
  if (typeof cron === 'string' && cron.trim().split(/\s+/).length === 5) return cron.trim()
  throw wrong('schedule.cron has five fields: minute, hour, day of month, month, day of week')
}

function checkZone(timezone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
    return timezone
  } catch {
    throw wrong(`schedule.timezone "${timezone}" is no time zone, such as Europe/Berlin`)
  }
}

function checkEvery(ms: number): number {
  if (ms >= 1_000) return ms
  throw wrong('schedule.every must be at least a second')
}

function wrong(message: string): UsageError {
  return new UsageError('option-invalid', message)
}
