import { Cron } from 'croner'
import type { Calendar, CronSpec } from '../../ports/index.ts'

const maxKept = 1_000

/** Croner's arithmetic. Nothing is run by it: it only tells times. */
export function createCronCalendar(): Calendar {
  /** Reading a pattern costs much more than asking it. */
  const kept = new Map<string, Cron>()

  const cronOf = (spec: CronSpec): Cron => {
    const key = `${spec.timezone} ${spec.cron}`
    const known = kept.get(key)
    if (known !== undefined) return known
    const cron = read(spec)
    if (kept.size >= maxKept) kept.clear()
    kept.set(key, cron)
    return cron
  }

  return {
    next: (spec, after) => cronOf(spec).nextRun(new Date(after))?.getTime(),
    mistakeIn(spec) {
      const { cron } = spec
      const fields = cron.trim().split(/\s+/).length
      if (fields !== 5) {
        return `expected five fields: minute, hour, day of month, month, day of week; found ${fields}`
      }
      try {
        cronOf(spec).nextRun(new Date(0))
        return undefined
      } catch (error) {
        return isZone(spec.timezone)
          ? `${error instanceof Error ? error.message : error}`
          : `there is no time zone "${spec.timezone}"; expected an IANA name such as Europe/Berlin`
      }
    },
  }
}

function read({ cron, timezone }: CronSpec): Cron {
  return new Cron(cron, { timezone, paused: true, fixedTimeRule: 'no-wildcard' })
}

function isZone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
    return true
  } catch {
    return false
  }
}
