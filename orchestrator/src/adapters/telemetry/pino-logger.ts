import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'
import type { Logger } from '../../ports/index.ts'

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Takes lines of JSON; standard output by default. */
  readonly destination?: { write(line: string): void }
}

const redacted = ['password', 'authorization', 'cookie'].flatMap((key) => [key, `*.${key}`])

/**
 * Lines of JSON: level as a word, time in ISO, and the fields of the call. Errors under `error` are written with type,
 * message, code, stack and causes.
 */
export function createLogger({ level, destination: custom }: LoggerOptions): Logger {
  // Synchronous, so that the last lines before a crash are there.
  const stream: DestinationStream = custom ?? destination({ dest: 1, sync: true })
  return pino(
    {
      level,
      base: { name: 'fermata' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (thrown: unknown) => serializeError(thrown, 0) },
      redact: { paths: redacted, censor: '[redacted]' },
    },
    stream,
  )
}

const deepestCause = 5

/** Also for what is no error at all: handlers and libraries throw anything. */
function serializeError(thrown: unknown, depth: number): unknown {
  if (!(thrown instanceof Error)) return thrown
  const { name, message, stack, cause } = thrown
  return {
    name,
    message,
    ...('code' in thrown && { code: thrown.code }),
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && depth < deepestCause && { cause: serializeError(cause, depth + 1) }),
  }
}
