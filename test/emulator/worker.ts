import type { FunctionErrorBody } from './function-error.ts'
import type { HandlerResult } from './handler-module.ts'

/** One request on its way to a handler. */
export interface WorkItem {
  readonly requestId: string
  /** JSON, checked before. */
  readonly payload: string
  /** The ARN as the caller named the function. */
  readonly invokedArn: string
  /** Called when the worker has started and the handler begins. */
  onHandlerStart(): void
}

/** How a request ended, from the function's side. */
export type Outcome =
  | HandlerResult
  | { readonly kind: 'timed-out'; readonly error: FunctionErrorBody }
  | { readonly kind: 'exited'; readonly error: FunctionErrorBody }

export type WorkerSignal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'

/** An execution environment of one function version. */
export interface Worker {
  /** Undefined where there is no process of its own. */
  readonly pid: number | undefined
  /** How many requests it holds, those that wait for its start included. */
  readonly load: number
  readonly capacity: number
  /** Whether it may be given requests: not while it is frozen, never once it is ending. */
  readonly isUsable: boolean
  /** Fulfilled when the module is imported, or has failed to be. */
  readonly started: Promise<unknown>
  /** Fulfilled when the worker is no more. */
  readonly gone: Promise<void>
  /** Waits for the start, then runs the handler. Never rejects. */
  run(item: WorkItem): Promise<Outcome>
  signal(signal: WorkerSignal): void
}
