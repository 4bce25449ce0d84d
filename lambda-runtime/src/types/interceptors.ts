import type { Context, Step } from './context.ts'

/** One execution of a handler: a replay is one, too. */
export interface HandlerCall {
  readonly ctx: Context
  readonly service: string
  readonly handler: string
  /** As the handler gets it: decoded and validated. */
  readonly input: unknown
}

/** One try of a step. */
export interface RunCall extends Step {
  readonly ctx: Context
  readonly service: string
  readonly handler: string
  readonly name: string
}

/**
 * What goes around user code. `next()` goes on; what the interceptor returns or throws takes the place of what
 * `next()` returned or threw.
 *
 * @example
 * { run: async ({ name }, next) => tracer.startActiveSpan(name, (span) => next().finally(() => span.end())) }
 */
export interface Interceptors {
  /**
   * Around the handler's code, in every attempt. It is part of the handler, so the handler's rules hold:
   * no effects but through `ctx`, and the same ops on replay.
   */
  readonly handler?:
    | ((call: HandlerCall, next: () => Promise<unknown>) => Promise<unknown>)
    | undefined
  /** Around each try of a step. It runs only when the step really runs, never on replay, and may have effects. */
  readonly run?: ((call: RunCall, next: () => Promise<unknown>) => Promise<unknown>) | undefined
}
