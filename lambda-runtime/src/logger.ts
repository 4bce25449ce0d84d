import { toFailure } from './failure.ts'
import type { Log, LogMethod } from './types/log.ts'

type Level = keyof Log
export type LogFields = Readonly<Record<string, unknown>>

export interface LoggerDeps {
  /** Takes one line, without its end. */
  readonly write: (line: string) => void
  /** Epoch ms. */
  readonly now: () => number
}

/** One JSON line per message. `bindings` stand in each. */
export function createLogger({ write, now }: LoggerDeps, bindings: LogFields): Log {
  const method =
    (level: Level): LogMethod =>
    (first: string | object, message?: string) => {
      const time = new Date(now()).toISOString()
      write(toLine({ level, time, ...bindings, ...fieldsOf(first, message) }))
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

/** `log.error(error)` is `log.error({ err: error }, error.message)`, as with pino. */
function fieldsOf(first: string | object, message: string | undefined): object {
  if (typeof first === 'string') return { msg: first }
  if (first instanceof Error) return { err: first, msg: message ?? first.message }
  return { ...first, msg: message }
}

/** A log line is never worth an error: what JSON cannot carry is written as text. */
function toLine(fields: object): string {
  const ancestors: object[] = []
  try {
    return JSON.stringify(fields, function replace(this: object, _key, value: unknown) {
      if (value instanceof Error) return toFailure(value, 'error')
      if (typeof value === 'bigint') return String(value)
      if (typeof value !== 'object' || value === null) return value
      while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop()
      if (ancestors.includes(value)) return '[circular]'
      ancestors.push(value)
      return value
    })
  } catch {
    return JSON.stringify({ level: 'error', msg: 'A log message could not be written as JSON' })
  }
}
