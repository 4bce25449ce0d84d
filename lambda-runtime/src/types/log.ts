/** `log.info('paid')`, `log.info({ amount }, 'paid')` or `log.error(error, 'not paid')`, as with pino. */
export interface LogMethod {
  (message: string): void
  (fields: object, message?: string): void
}

export interface Log {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}
