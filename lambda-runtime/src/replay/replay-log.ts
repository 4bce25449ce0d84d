import type { Log, LogMethod } from '../types/log.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const

/** A log that says nothing while what the code does has been done, and said, before. */
export function quietWhile(isReplaying: () => boolean, log: Log): Log {
  const method =
    (level: (typeof levels)[number]): LogMethod =>
    (first: string | object, message?: string) => {
      if (isReplaying()) return
      if (typeof first === 'string') log[level](first)
      else if (message === undefined) log[level](first)
      else log[level](first, message)
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

const ignore = (): void => undefined

/** For an attempt that was given no logger. */
export const noLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
