import type { FunctionErrorBody } from './function-error.ts'
import type { HandlerResult } from './handler-module.ts'

/** What a worker process is started with, as its one argument. */
export interface WorkerConfig {
  readonly entry: string
  readonly exportName: string
  readonly functionName: string
  readonly version: string
  readonly memoryMb: number
}

/** Emulator to worker. Payloads travel as the strings that they are on the wire. */
export interface RunMessage {
  readonly requestId: string
  readonly arn: string
  readonly deadline: number
  readonly payload: string
}

/** Worker to emulator. */
export type WorkerMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'start-failed'; readonly error: FunctionErrorBody }
  | { readonly kind: 'ended'; readonly requestId: string; readonly result: HandlerResult }
  /** Something threw outside of any handler's promise: the process ends, and all it was doing. */
  | { readonly kind: 'crashed'; readonly error: FunctionErrorBody }
